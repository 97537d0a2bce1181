#include "engine/expr/value.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace stepwell::expr {
namespace {

// Maps below this size are searched from front to back.
constexpr size_t kSortedMapSize = 9;

bool is_key(const Value& value) {
  return value.is_bool() || value.is_numeric() || value.is(Kind::kString);
}

int key_class(const Value& key) {
  return key.is_numeric() ? 0 : static_cast<int>(key.kind());
}

// A total order of keys in which equal keys are neighbours.
int compare_keys(const Value& left, const Value& right) {
  if (key_class(left) != key_class(right)) return key_class(left) < key_class(right) ? -1 : 1;
  const Ordering ordering = compare(left, right);
  return ordering == Ordering::kLess ? -1 : ordering == Ordering::kGreater ? 1 : 0;
}

const MapEntry* find_entry(const MapData& map, const Value& key) {
  if (!is_key(key) || (key.is(Kind::kDouble) && std::isnan(key.as_double()))) return nullptr;
  if (map.sorted.empty()) {
    for (const MapEntry& entry : map.entries) {
      if (compare_keys(entry.key, key) == 0) return &entry;
    }
    return nullptr;
  }
  const auto found = std::lower_bound(map.sorted.begin(), map.sorted.end(), key,
                                      [&map](uint32_t index, const Value& wanted) {
                                        return compare_keys(map.entries[index].key, wanted) < 0;
                                      });
  if (found == map.sorted.end() || compare_keys(map.entries[*found].key, key) != 0) return nullptr;
  return &map.entries[*found];
}

std::span<const uint32_t> sort_entries(std::span<const MapEntry> entries, Arena& arena) {
  uint32_t* order = arena.allocate<uint32_t>(entries.size());
  std::iota(order, order + entries.size(), 0U);
  std::sort(order, order + entries.size(), [&entries](uint32_t left, uint32_t right) {
    const int by_key = compare_keys(entries[left].key, entries[right].key);
    return by_key != 0 ? by_key < 0 : left < right;
  });
  return {order, entries.size()};
}

const MapData* store_map(std::span<const MapEntry> entries, std::span<const uint32_t> sorted,
                         Arena& arena) {
  MapData* data = arena.allocate<MapData>(1);
  data->entries = entries;
  data->sorted = sorted;
  return data;
}

std::string_view json_text(std::string_view raw, JsonView view, Arena& arena) {
  if (raw.find('\\') == std::string_view::npos) return raw;
  return arena.copy(view.as_string().value_or(std::string()));
}

Value json_number_value(JsonView view, JsonNumbers numbers) {
  if (numbers == JsonNumbers::kTyped &&
      view.text().find_first_of(".eE") == std::string_view::npos) {
    if (const auto whole = view.as_int64()) return Value::integer(*whole);
  }
  return Value::number(view.as_double().value_or(std::nan("")));
}

// The members of a JSON object, the last of duplicates, in the order of the text.
const MapData* read_object(const Value& map, Arena& arena) {
  const JsonView view = map.json_view();
  size_t count = 0;
  for (JsonMembers it = view.members(); it.next();) ++count;
  MapEntry* entries = arena.allocate<MapEntry>(count);
  size_t filled = 0;
  for (JsonMembers it = view.members(); filled < count && it.next(); ++filled) {
    const std::string_view raw = it.raw_key();
    const bool escaped = raw.find('\\') != std::string_view::npos;
    entries[filled].key = Value::string(escaped ? arena.copy(it.key()) : raw);
    entries[filled].value = from_json(it.value(), map.json_numbers(), arena);
  }
  std::span<const uint32_t> order = sort_entries({entries, filled}, arena);
  bool has_duplicates = false;
  for (size_t i = 1; i < order.size() && !has_duplicates; ++i) {
    has_duplicates = compare_keys(entries[order[i - 1]].key, entries[order[i]].key) == 0;
  }
  if (!has_duplicates) return store_map({entries, filled}, order, arena);

  MapEntry* unique = arena.allocate<MapEntry>(filled);
  bool* is_last = arena.allocate<bool>(filled);
  std::fill(is_last, is_last + filled, true);
  for (size_t i = 1; i < order.size(); ++i) {
    if (compare_keys(entries[order[i - 1]].key, entries[order[i]].key) == 0) {
      is_last[order[i - 1]] = false;
    }
  }
  size_t kept = 0;
  for (size_t i = 0; i < filled; ++i) {
    if (is_last[i]) unique[kept++] = entries[i];
  }
  return store_map({unique, kept}, sort_entries({unique, kept}, arena), arena);
}

}  // namespace

Value Value::json(JsonView view, JsonNumbers numbers) {
  Value result(view.is_object() ? Kind::kMap : Kind::kList, view.text());
  result.is_json_ = true;
  result.numbers_ = numbers;
  return result;
}

Value from_json(JsonView view, JsonNumbers numbers, Arena& arena) {
  switch (view.type()) {
    case JsonType::kNull:
      return Value::null();
    case JsonType::kBool:
      return Value::boolean(view.text() == "true");
    case JsonType::kNumber:
      return json_number_value(view, numbers);
    case JsonType::kString:
      return Value::string(json_text(view.text().substr(1, view.text().size() - 2), view, arena));
    case JsonType::kArray:
    case JsonType::kObject:
      return Value::json(view, numbers);
  }
  return Value::null();
}

std::span<const Value> list_items(const Value& list, Arena& arena) {
  if (!list.is_json()) return list.items();
  const JsonView view = list.json_view();
  size_t count = 0;
  for (JsonElements it = view.elements(); it.next();) ++count;
  Value* items = arena.allocate<Value>(count);
  size_t filled = 0;
  for (JsonElements it = view.elements(); filled < count && it.next(); ++filled) {
    items[filled] = from_json(it.value(), list.json_numbers(), arena);
  }
  return {items, filled};
}

const MapData& map_entries(const Value& map, Arena& arena) {
  return map.is_json() ? *read_object(map, arena) : map.map_data();
}

std::optional<Value> make_map(std::span<const MapEntry> entries, Arena& arena) {
  const std::span<const uint32_t> order = sort_entries(entries, arena);
  for (size_t i = 1; i < order.size(); ++i) {
    if (compare_keys(entries[order[i - 1]].key, entries[order[i]].key) == 0) return std::nullopt;
  }
  const bool keep_order = entries.size() >= kSortedMapSize;
  return Value::map(store_map(entries, keep_order ? order : std::span<const uint32_t>(), arena));
}

std::optional<Value> map_find(const Value& map, const Value& key, Arena& arena) {
  if (map.is_json()) {
    if (!key.is(Kind::kString)) return std::nullopt;
    return map_find_field(map, key.text(), arena);
  }
  const MapEntry* entry = find_entry(map.map_data(), key);
  if (!entry) return std::nullopt;
  return entry->value;
}

std::optional<Value> map_find_field(const Value& map, std::string_view field, Arena& arena) {
  if (!map.is_json()) return map_find(map, Value::string(field), arena);
  const auto found = map.json_view().find(field);
  if (!found) return std::nullopt;
  return from_json(*found, map.json_numbers(), arena);
}

std::string_view type_name(Kind kind) {
  static constexpr std::array<std::string_view, 15> kNames = {"missing",
                                                              "error",
                                                              "null_type",
                                                              "bool",
                                                              "int",
                                                              "uint",
                                                              "double",
                                                              "string",
                                                              "bytes",
                                                              "list",
                                                              "map",
                                                              "google.protobuf.Timestamp",
                                                              "google.protobuf.Duration",
                                                              "type",
                                                              "optional_type"};
  return kNames[static_cast<size_t>(kind)];
}

std::string describe(const Value& value, Arena& arena) {
  switch (value.kind()) {
    case Kind::kMissing:
      return "missing";
    case Kind::kError:
      return "error: " + std::string(value.text());
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return value.as_bool() ? "true" : "false";
    case Kind::kInt:
      return std::to_string(value.as_int());
    case Kind::kUint:
      return std::to_string(value.as_uint()) + "u";
    case Kind::kDouble:
      return std::isfinite(value.as_double()) ? json_number(value.as_double())
                                              : std::to_string(value.as_double());
    case Kind::kString:
      return json_quote(value.text());
    case Kind::kBytes:
      return "b" + json_quote(value.text());
    case Kind::kType:
      return std::string(value.text());
    case Kind::kTimestamp:
      return "timestamp(" + std::to_string(value.seconds()) + "s+" + std::to_string(value.nanos()) +
             "ns)";
    case Kind::kDuration:
      return "duration(" + std::to_string(value.as_int()) + "ns)";
    case Kind::kOptional:
      return value.optional_value() ? "optional(" + describe(*value.optional_value(), arena) + ")"
                                    : "optional.none()";
    case Kind::kList:
    case Kind::kMap:
      break;
  }
  std::string out = value.is(Kind::kList) ? "[" : "{";
  const size_t empty = out.size();
  if (value.is(Kind::kList)) {
    for (const Value& item : list_items(value, arena)) {
      if (out.size() > empty) out += ", ";
      out += describe(item, arena);
    }
    return out + "]";
  }
  for (const MapEntry& entry : map_entries(value, arena).entries) {
    if (out.size() > empty) out += ", ";
    out += describe(entry.key, arena) + ": " + describe(entry.value, arena);
  }
  return out + "}";
}

}  // namespace stepwell::expr
