// The values that expressions compute with. A Value is 16 bytes, trivially copyable, and borrows
// what it points to: text of the event, literals of the program, or memory of the evaluation's
// Arena.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/expr/arena.h"
#include "schema/json.h"

namespace stepwell::expr {

enum class Kind : uint8_t {
  kMissing,  // dialect only: a path that leads nowhere; not null
  kError,    // the evaluation failed; carries the reason
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kList,
  kMap,
  kTimestamp,
  kDuration,
  kType,
  kOptional,
};

// How numbers in JSON are read. Events come from JavaScript: all their numbers are doubles. Tests
// of the language tell 1 (int) and 1.0 (double) apart.
enum class JsonNumbers : uint8_t { kDouble, kTyped };

struct MapData;

class Value {
 public:
  Value() = default;  // null

  static Value missing() { return Value(Kind::kMissing); }
  static Value null() { return Value(); }
  static Value boolean(bool value) {
    Value result(Kind::kBool);
    result.integer_ = value;
    return result;
  }
  static Value integer(int64_t value) {
    Value result(Kind::kInt);
    result.integer_ = value;
    return result;
  }
  static Value natural(uint64_t value) {
    Value result(Kind::kUint);
    result.natural_ = value;
    return result;
  }
  static Value number(double value) {
    Value result(Kind::kDouble);
    result.number_ = value;
    return result;
  }
  // Valid UTF-8, borrowed; as bytes: anything. The name of a type, for type().
  static Value string(std::string_view text) { return Value(Kind::kString, text); }
  static Value bytes(std::string_view data) { return Value(Kind::kBytes, data); }
  static Value type(std::string_view name) { return Value(Kind::kType, name); }
  // `message` must be a constant or in the arena.
  static Value error(std::string_view message) { return Value(Kind::kError, message); }
  static Value list(std::span<const Value> items) {
    Value result(Kind::kList);
    result.items_ = items.data();
    result.size_ = static_cast<uint32_t>(items.size());
    return result;
  }
  static Value map(const MapData* data) {
    Value result(Kind::kMap);
    result.map_ = data;
    return result;
  }
  // Seconds since 1970 and 0 <= nanos < 1,000,000,000.
  static Value timestamp(int64_t seconds, uint32_t nanos) {
    Value result(Kind::kTimestamp);
    result.integer_ = seconds;
    result.size_ = nanos;
    return result;
  }
  static Value duration(int64_t nanos) {
    Value result(Kind::kDuration);
    result.integer_ = nanos;
    return result;
  }
  // An optional.of(*value), or optional.none() for nullptr.
  static Value optional(const Value* value) {
    Value result(Kind::kOptional);
    result.items_ = value;
    return result;
  }
  // A JSON object or array whose parts are read when they are needed.
  static Value json(JsonView view, JsonNumbers numbers);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_missing() const { return kind_ == Kind::kMissing; }
  bool is_error() const { return kind_ == Kind::kError; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_bool() const { return kind_ == Kind::kBool; }
  bool is_true() const { return kind_ == Kind::kBool && integer_ != 0; }
  bool is_false() const { return kind_ == Kind::kBool && integer_ == 0; }
  bool is_numeric() const { return kind_ >= Kind::kInt && kind_ <= Kind::kDouble; }

  // Each for its own kinds only.
  bool as_bool() const { return integer_ != 0; }
  int64_t as_int() const { return integer_; }
  uint64_t as_uint() const { return natural_; }
  double as_double() const { return number_; }
  std::string_view text() const { return {text_, size_}; }  // string, bytes, type, error
  int64_t seconds() const { return integer_; }              // timestamp
  uint32_t nanos() const { return size_; }                  // timestamp
  const Value* optional_value() const { return items_; }

  // Lists and maps in one of two forms.
  bool is_json() const { return is_json_; }
  JsonView json_view() const { return JsonView::trusted(text()); }
  JsonNumbers json_numbers() const { return numbers_; }
  std::span<const Value> items() const { return {items_, size_}; }
  const MapData& map_data() const { return *map_; }

 private:
  explicit Value(Kind kind) : kind_(kind) {}
  Value(Kind kind, std::string_view text)
      : kind_(kind), size_(static_cast<uint32_t>(text.size())), text_(text.data()) {}

  Kind kind_ = Kind::kNull;
  bool is_json_ = false;
  JsonNumbers numbers_ = JsonNumbers::kDouble;
  uint32_t size_ = 0;
  union {
    int64_t integer_ = 0;
    uint64_t natural_;
    double number_;
    const char* text_;
    const Value* items_;
    const MapData* map_;
  };
};
static_assert(sizeof(Value) == 16);

struct MapEntry {
  Value key;
  Value value;
};

// The entries in their order, and for maps of more than a few entries the order of the keys, in
// which they are found.
struct MapData {
  std::span<const MapEntry> entries;
  std::span<const uint32_t> sorted;
};

// One JSON value as a Value. Escaped strings are unescaped into the arena.
Value from_json(JsonView view, JsonNumbers numbers, Arena& arena);

// A list's items, a map's entries: read from JSON (one level deep, into the arena) if they are
// JSON.
std::span<const Value> list_items(const Value& list, Arena& arena);
const MapData& map_entries(const Value& map, Arena& arena);

// A map of these entries, which must be in the arena. Nothing if two keys are equal.
std::optional<Value> make_map(std::span<const MapEntry> entries, Arena& arena);

// The value at `key`, by CEL's equality of keys (1, 1u and 1.0 are one key).
std::optional<Value> map_find(const Value& map, const Value& key, Arena& arena);
std::optional<Value> map_find_field(const Value& map, std::string_view field, Arena& arena);

// CEL's name of the kind: "int", "google.protobuf.Timestamp" ...
std::string_view type_name(Kind kind);

// CEL's run-time equality: total, numbers across their types.
bool equals(const Value& left, const Value& right, Arena& arena);

// <0, 0, >0; kUnordered: a NaN is among them; kNoOverload: these kinds have no order.
enum class Ordering : int8_t { kLess = -1, kEqual = 0, kGreater = 1, kUnordered = 2, kNoOverload };
Ordering compare(const Value& left, const Value& right);

// Numbers only; a double against an int is decided by range first, then as doubles (the rule that
// the conformance suite pins).
Ordering compare_numbers(const Value& left, const Value& right);

// The value for people and for tests: CEL-like text ("[1, 2.0, \"a\"]"), not for keys.
std::string describe(const Value& value, Arena& arena);

}  // namespace stepwell::expr
