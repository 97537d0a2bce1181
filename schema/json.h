// Reading and writing JSON. Payloads travel through the engine as raw JSON text; this is how their
// parts are looked at without building a tree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "schema/result.h"

namespace stepwell {

enum class JsonType { kNull, kBool, kNumber, kString, kArray, kObject };

class JsonMembers;
class JsonElements;

// A value inside text that is known to be valid JSON (see parse_json). A view: the text must
// outlive it. Cheap to copy; looking up a member scans the object's text once.
class JsonView {
 public:
  JsonView() = default;  // null

  // Trusts `text` to be one valid JSON value, such as a payload that the engine stored itself.
  static JsonView trusted(std::string_view text);

  // The value's own text, without white space around it; digits and escapes as they were written.
  std::string_view text() const { return text_; }
  JsonType type() const;
  bool is_null() const { return type() == JsonType::kNull; }
  bool is_object() const { return type() == JsonType::kObject; }
  bool is_array() const { return type() == JsonType::kArray; }

  // The member `key` (compared after unescaping; the last of duplicates, as JavaScript reads them);
  // nothing if there is none or this is no object.
  std::optional<JsonView> find(std::string_view key) const;

  // What an object or array holds, in the order of the text; nothing for other types.
  JsonMembers members() const;
  JsonElements elements() const;

  // Scalars; nothing if the value is of another type. Lone surrogates in strings, which JavaScript
  // writes, become U+FFFD. as_int64: a number whose value is whole and fits.
  std::optional<std::string> as_string() const;
  std::optional<bool> as_bool() const;
  std::optional<double> as_double() const;
  std::optional<int64_t> as_int64() const;

 private:
  explicit JsonView(std::string_view text) : text_(text) {}
  std::string_view text_ = "null";
};

// for (JsonMembers it = view.members(); it.next();) use(it.key(), it.value());
class JsonMembers {
 public:
  explicit JsonMembers(std::string_view rest) : rest_(rest) {}
  bool next();
  std::string key() const;                               // unescaped
  std::string_view raw_key() const { return raw_key_; }  // between the quotes, as written
  JsonView value() const { return value_; }

 private:
  std::string_view rest_;
  std::string_view raw_key_;
  JsonView value_;
};

// for (JsonElements it = view.elements(); it.next();) use(it.value());
class JsonElements {
 public:
  explicit JsonElements(std::string_view rest) : rest_(rest) {}
  bool next();
  JsonView value() const { return value_; }

 private:
  std::string_view rest_;
  JsonView value_;
};

struct JsonLimits {
  int max_depth = 128;  // nesting of arrays and objects
};

// Checks that `text` is exactly one JSON value (UTF-8, grammar, depth, nothing behind it) and gives
// a view of it that borrows `text`. Accepted: escapes of lone surrogates, members of the same name.
// Refused: a number beyond a double (1e400), as no SDK signs it alike. Errors name the byte offset.
Result<JsonView> parse_json(std::string_view text, JsonLimits limits = {});

// `text` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD.
std::string json_quote(std::string_view text);
void append_json_quoted(std::string& out, std::string_view text);

// A number as JavaScript's JSON.stringify writes it (ECMA-262 Number::toString); NaN and the
// infinities become null.
std::string json_number(double value);

// Builds JSON text front to back; commas and quotes are its business.
//   JsonWriter w; w.begin_object().key("id").string(id).key("data").raw(payload).end_object();
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view value);
  JsonWriter& integer(int64_t value);
  JsonWriter& number(double value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // valid JSON text, copied as it is

  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

 private:
  void separate();
  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace stepwell
