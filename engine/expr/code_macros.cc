// Code for the macros: loops over lists and maps.
#include "engine/expr/code_build.h"
#include "engine/expr/operators.h"

namespace stepwell::expr {
namespace {

// Collects what a loop makes; grows in the arena.
template <typename T>
class Collected {
 public:
  void add(Arena& arena, const T& item) {
    if (size_ == room_) {
      room_ = room_ == 0 ? 8 : 2 * room_;
      T* larger = arena.allocate<T>(room_);
      std::copy(items_, items_ + size_, larger);
      items_ = larger;
    }
    items_[size_++] = item;
  }
  std::span<const T> items() const { return {items_, size_}; }

 private:
  T* items_ = nullptr;
  size_t size_ = 0;
  size_t room_ = 0;
};

class MacroLoop : public Code {
 public:
  MacroLoop(MacroCode parts, Mode mode) : parts_(std::move(parts)), mode_(mode) {}

  Value run(Frame& frame) const override {
    const Value range = parts_.range->run(frame);
    if (range.is_error() && mode_ == Mode::kStrict) return range;
    if (range.is_error() || range.is_missing()) return absent();
    if (!frame.spend(shallow_cost(range))) return over_budget();
    if (range.is(Kind::kList)) return run_list(frame, list_items(range, frame.arena));
    if (range.is(Kind::kMap)) return run_map(frame, map_entries(range, frame.arena).entries);
    return no_overload();
  }

 private:
  // One step of a loop: false ends it. `state` holds what was found so far.
  struct State {
    Value result;  // an error, or what all and exists know
    size_t found = 0;
    Collected<Value> items;
    Collected<MapEntry> entries;
  };

  // Of a range that is not there: no element satisfies anything, and there is nothing to map.
  Value absent() const {
    const bool is_test = parts_.macro == Macro::kAll || parts_.macro == Macro::kExists ||
                         parts_.macro == Macro::kExistsOne;
    return is_test ? Value::boolean(false) : Value::missing();
  }

  Value run_list(Frame& frame, std::span<const Value> items) const {
    State state = start();
    for (size_t i = 0; i < items.size(); ++i) {
      const Value number = Value::integer(static_cast<int64_t>(i));
      const Value& first = parts_.has_two_variables ? number : items[i];
      if (!step(frame, state, first, items[i], number)) break;
    }
    return finish(frame, state);
  }

  Value run_map(Frame& frame, std::span<const MapEntry> entries) const {
    State state = start();
    for (const MapEntry& entry : entries) {
      if (!step(frame, state, entry.key, entry.value, entry.key)) break;
    }
    return finish(frame, state);
  }

  State start() const {
    State state;
    state.result = Value::boolean(parts_.macro == Macro::kAll);
    return state;
  }

  // `item` is what a filter keeps, `key` what a transformed map is keyed with.
  bool step(Frame& frame, State& state, const Value& first, const Value& second,
            const Value& key) const {
    if (!frame.spend(parts_.body_cost)) {
      state.result = over_budget();
      return false;
    }
    frame.locals[parts_.local] = first;
    if (parts_.has_two_variables) frame.locals[parts_.local + 1] = second;
    switch (parts_.macro) {
      case Macro::kAll:
        return step_absorbing(frame, state, false);
      case Macro::kExists:
        return step_absorbing(frame, state, true);
      case Macro::kExistsOne:
        return step_filtered(frame, state, [&state] { return ++state.found, Value(); });
      case Macro::kFilter:
        return step_filtered(frame, state, [&] {
          state.items.add(frame.arena, first);
          return Value();
        });
      case Macro::kMap:
      case Macro::kTransformList:
        return step_filtered(frame, state, [&] { return add_item(frame, state); });
      case Macro::kTransformMap:
        return step_filtered(frame, state, [&] { return add_entry(frame, state, key); });
      default:
        return step_filtered(frame, state, [&] { return add_entries(frame, state); });
    }
  }

  // all and exists: the absorbing value ends the loop, also after errors.
  bool step_absorbing(Frame& frame, State& state, bool absorbing) const {
    const Value value = parts_.filter->run(frame);
    if (mode_ == Mode::kDialect) {
      if (is_truthy(value) != absorbing) return true;
      state.result = Value::boolean(absorbing);
      return false;
    }
    if (value.is_bool()) {
      if (value.as_bool() != absorbing) return true;
      state.result = value;
      return false;
    }
    if (!state.result.is_error()) state.result = value.is_error() ? value : no_overload();
    return true;
  }

  // Calls `keep` if the filter lets the item through; errors end the loop.
  template <typename Keep>
  bool step_filtered(Frame& frame, State& state, Keep keep) const {
    if (parts_.filter) {
      const Value value = parts_.filter->run(frame);
      if (mode_ == Mode::kDialect) {
        if (!is_truthy(value)) return true;
      } else if (!value.is_bool()) {
        state.result = value.is_error() ? value : no_overload();
        return false;
      } else if (!value.as_bool()) {
        return true;
      }
    }
    const Value problem = keep();
    if (!problem.is_error()) return true;
    state.result = problem;
    return false;
  }

  Value transformed(Frame& frame) const {
    const Value value = parts_.result->run(frame);
    const bool is_absent = value.is_error() || value.is_missing();
    return mode_ == Mode::kDialect && is_absent ? Value::null() : value;
  }

  Value add_item(Frame& frame, State& state) const {
    const Value value = transformed(frame);
    if (!value.is_error()) state.items.add(frame.arena, value);
    return value;
  }

  Value add_entry(Frame& frame, State& state, const Value& key) const {
    const Value value = transformed(frame);
    if (!value.is_error()) state.entries.add(frame.arena, {key, value});
    return value;
  }

  Value add_entries(Frame& frame, State& state) const {
    const Value value = transformed(frame);
    if (value.is_error()) return value;
    if (!value.is(Kind::kMap)) return no_overload();
    const auto entries = map_entries(value, frame.arena).entries;
    if (!frame.spend(entries.size())) return over_budget();
    for (const MapEntry& entry : entries) state.entries.add(frame.arena, entry);
    return value;
  }

  Value finish(Frame& frame, State& state) const {
    if (state.result.is_error()) return state.result;
    switch (parts_.macro) {
      case Macro::kAll:
      case Macro::kExists:
        return state.result;
      case Macro::kExistsOne:
        return Value::boolean(state.found == 1);
      case Macro::kFilter:
      case Macro::kMap:
      case Macro::kTransformList:
        return Value::list(state.items.items());
      default: {
        const auto map = make_map(state.entries.items(), frame.arena);
        return map ? *map : Value::error("a map has a key twice");
      }
    }
  }

  MacroCode parts_;
  Mode mode_;
};

// cel.bind(x, init, e).
class BindCode final : public Code {
 public:
  explicit BindCode(MacroCode parts) : parts_(std::move(parts)) {}

  Value run(Frame& frame) const override {
    const Value value = parts_.range->run(frame);
    frame.locals[parts_.local] = value;
    return parts_.result->run(frame);
  }

 private:
  MacroCode parts_;
};

// optional.optMap(x, e) and optFlatMap, whose e is an optional itself.
class OptionalMapCode final : public Code {
 public:
  explicit OptionalMapCode(MacroCode parts) : parts_(std::move(parts)) {}

  Value run(Frame& frame) const override {
    const Value target = parts_.range->run(frame);
    if (target.is_error()) return target;
    if (!target.is(Kind::kOptional)) return no_overload();
    if (!target.optional_value()) return target;
    frame.locals[parts_.local] = *target.optional_value();
    const Value result = parts_.result->run(frame);
    if (result.is_error()) return result;
    if (parts_.macro == Macro::kOptFlatMap) {
      return result.is(Kind::kOptional) ? result : no_overload();
    }
    return make_optional(frame, result);
  }

 private:
  MacroCode parts_;
};

}  // namespace

CodePtr make_macro(MacroCode parts, Mode mode) {
  switch (parts.macro) {
    case Macro::kBind:
      return std::make_unique<BindCode>(std::move(parts));
    case Macro::kOptMap:
    case Macro::kOptFlatMap:
      return std::make_unique<OptionalMapCode>(std::move(parts));
    default:
      return std::make_unique<MacroLoop>(std::move(parts), mode);
  }
}

}  // namespace stepwell::expr
