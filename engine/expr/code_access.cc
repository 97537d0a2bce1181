// Code for fields, presence, lists and maps.
#include "engine/expr/code_build.h"
#include "engine/expr/operators.h"

namespace stepwell::expr {
namespace {

// What an access gives on an optional: none() stays none(), a value is looked into.
template <typename Access>
Value through_optional(Frame& frame, const Value& target, Access access) {
  if (!target.is(Kind::kOptional)) {
    const Value found = access(target);
    if (!found.is_error()) return make_optional(frame, found);
    return absent_or_error(found);
  }
  if (!target.optional_value()) return target;
  const Value found = access(*target.optional_value());
  if (!found.is_error()) return make_optional(frame, found);
  return absent_or_error(found);
}

class StrictSelectCode final : public Code {
 public:
  StrictSelectCode(CodePtr target, std::string_view field)
      : target_(std::move(target)), field_(field) {}

  Value run(Frame& frame) const override {
    const Value target = target_->run(frame);
    if (target.is_error()) return target;
    if (!target.is(Kind::kOptional)) return select_field(frame, target, field_);
    return through_optional(frame, target,
                            [&](const Value& map) { return select_field(frame, map, field_); });
  }

 private:
  CodePtr target_;
  std::string_view field_;
};

class DialectSelectCode final : public Code {
 public:
  DialectSelectCode(CodePtr target, std::string_view field)
      : target_(std::move(target)), field_(field) {}

  Value run(Frame& frame) const override {
    return dialect_select_field(frame, target_->run(frame), field_);
  }

 private:
  CodePtr target_;
  std::string_view field_;
};

class OptionalSelectCode final : public Code {
 public:
  OptionalSelectCode(CodePtr target, std::string_view field)
      : target_(std::move(target)), field_(field) {}

  Value run(Frame& frame) const override {
    const Value target = target_->run(frame);
    if (target.is_error()) return target;
    return through_optional(frame, target,
                            [&](const Value& map) { return select_field(frame, map, field_); });
  }

 private:
  CodePtr target_;
  std::string_view field_;
};

class OptionalIndexCode final : public Code {
 public:
  OptionalIndexCode(CodePtr target, CodePtr key)
      : target_(std::move(target)), key_(std::move(key)) {}

  Value run(Frame& frame) const override {
    const Value target = target_->run(frame);
    if (target.is_error()) return target;
    const Value key = key_->run(frame);
    if (key.is_error()) return key;
    return through_optional(frame, target,
                            [&](const Value& holder) { return index(frame, holder, key); });
  }

 private:
  CodePtr target_;
  CodePtr key_;
};

class HasCode final : public Code {
 public:
  HasCode(CodePtr target, std::string_view field, Mode mode)
      : target_(std::move(target)), field_(field), mode_(mode) {}

  Value run(Frame& frame) const override {
    Value target = target_->run(frame);
    if (mode_ == Mode::kDialect && !target.is(Kind::kMap)) return Value::boolean(false);
    if (target.is_error()) return target;
    if (target.is(Kind::kOptional)) {
      if (!target.optional_value()) return Value::boolean(false);
      target = *target.optional_value();
    }
    if (!target.is(Kind::kMap)) return no_overload();
    if (target.is_json() && !frame.spend(size_cost(target))) return over_budget();
    return Value::boolean(map_find_field(target, field_, frame.arena).has_value());
  }

 private:
  CodePtr target_;
  std::string_view field_;
  Mode mode_;
};

class HasOptionalCode final : public Code {
 public:
  explicit HasOptionalCode(CodePtr optional) : optional_(std::move(optional)) {}

  Value run(Frame& frame) const override {
    const Value value = optional_->run(frame);
    if (value.is_error()) return value;
    return Value::boolean(value.is(Kind::kOptional) && value.optional_value());
  }

 private:
  CodePtr optional_;
};

class PresenceCode final : public Code {
 public:
  explicit PresenceCode(CodePtr path) : path_(std::move(path)) {}
  Value run(Frame& frame) const override { return Value::boolean(!path_->run(frame).is_missing()); }

 private:
  CodePtr path_;
};

// Errors end the making of a list or a map in strict mode; in the dialect they and what is missing
// become null.
Value as_part(const Value& value, Mode mode) {
  if (mode == Mode::kDialect && (value.is_error() || value.is_missing())) return Value::null();
  return value;
}

// The value of an optional element; nothing if there is none; an error if it is no optional.
std::optional<Value> unwrap(const Value& value) {
  if (!value.is(Kind::kOptional)) return no_overload();
  if (!value.optional_value()) return std::nullopt;
  return *value.optional_value();
}

class ListCode final : public Code {
 public:
  ListCode(std::vector<ElementCode> elements, Mode mode)
      : elements_(std::move(elements)), mode_(mode) {}

  Value run(Frame& frame) const override {
    if (!frame.spend(elements_.size())) return over_budget();
    Value* items = frame.arena.allocate<Value>(elements_.size());
    size_t count = 0;
    for (const ElementCode& element : elements_) {
      Value value = as_part(element.value->run(frame), mode_);
      if (value.is_error()) return value;
      if (element.is_optional) {
        const auto inner = unwrap(value);
        if (!inner) continue;
        if (inner->is_error()) return *inner;
        value = *inner;
      }
      items[count++] = value;
    }
    return Value::list({items, count});
  }

 private:
  std::vector<ElementCode> elements_;
  Mode mode_;
};

bool is_map_key(const Value& key) {
  return key.is(Kind::kString) || key.is_bool() || key.is(Kind::kInt) || key.is(Kind::kUint);
}

class MapCode final : public Code {
 public:
  MapCode(std::vector<EntryCode> entries, Mode mode) : entries_(std::move(entries)), mode_(mode) {}

  Value run(Frame& frame) const override {
    if (!frame.spend(entries_.size())) return over_budget();
    MapEntry* entries = frame.arena.allocate<MapEntry>(entries_.size());
    size_t count = 0;
    for (const EntryCode& entry : entries_) {
      const Value key = entry.key->run(frame);
      if (key.is_error()) return key;
      if (!is_map_key(key)) return Value::error("unsupported kind of a map's key");
      Value value = as_part(entry.value->run(frame), mode_);
      if (value.is_error()) return value;
      if (entry.is_optional) {
        const auto inner = unwrap(value);
        if (!inner) continue;
        if (inner->is_error()) return *inner;
        value = *inner;
      }
      entries[count++] = {key, value};
    }
    const auto map = make_map(std::span<const MapEntry>(entries, count), frame.arena);
    return map ? *map : Value::error("a map has a key twice");
  }

 private:
  std::vector<EntryCode> entries_;
  Mode mode_;
};

}  // namespace

CodePtr make_select(CodePtr target, std::string_view field, Mode mode) {
  if (mode == Mode::kStrict) return std::make_unique<StrictSelectCode>(std::move(target), field);
  return std::make_unique<DialectSelectCode>(std::move(target), field);
}

CodePtr make_optional_select(CodePtr target, std::string_view field) {
  return std::make_unique<OptionalSelectCode>(std::move(target), field);
}

CodePtr make_optional_index(CodePtr target, CodePtr key) {
  return std::make_unique<OptionalIndexCode>(std::move(target), std::move(key));
}

CodePtr make_has(CodePtr target, std::string_view field, Mode mode) {
  return std::make_unique<HasCode>(std::move(target), field, mode);
}

CodePtr make_has_optional(CodePtr optional) {
  return std::make_unique<HasOptionalCode>(std::move(optional));
}

CodePtr make_presence(CodePtr path) {
  return std::make_unique<PresenceCode>(std::move(path));
}

CodePtr make_list(std::vector<ElementCode> elements, Mode mode) {
  return std::make_unique<ListCode>(std::move(elements), mode);
}

CodePtr make_map(std::vector<EntryCode> entries, Mode mode) {
  return std::make_unique<MapCode>(std::move(entries), mode);
}

}  // namespace stepwell::expr
