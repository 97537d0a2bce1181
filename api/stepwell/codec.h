// How C++ values become JSON and come back. A type takes part when it has two functions, found by
// argument-dependent lookup, so in the namespace of the type:
//
//   void encode(stepwell::Encoder& encoder, const T& value);
//   void decode(const stepwell::Decoder& decoder, T& value);  // throws DecodeError
//
// STEPWELL_FIELDS (fields.h) writes both for a plain struct. The basic types, strings, optional,
// vector, map and array have them already.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "stepwell/errors.h"
#include "stepwell/for_each.h"

namespace stepwell {

// Builds JSON text front to back; commas and quotes are its business.
class Encoder {
 public:
  // Scalars. NaN and the infinities become null, as in JavaScript.
  void null();
  void boolean(bool value);
  void integer(int64_t value);
  void unsigned_integer(uint64_t value);
  void number(double value);
  void string(std::string_view value);

  // Valid JSON text, copied as it is.
  void raw(std::string_view json);

  // key() stands before each member's value.
  void begin_object();
  void key(std::string_view name);
  void end_object();

  // Elements follow one another.
  void begin_array();
  void end_array();

  // The text so far; take() leaves the encoder empty.
  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

 private:
  void separate();
  std::string text_;
  bool needs_comma_ = false;
};

// One JSON value to read from: a view, the text must outlive it.
class Decoder {
 public:
  // `json` must be valid JSON, as everything is that the engine hands out.
  explicit Decoder(std::string_view json) : text_(json) {}

  // The value's own text, as it was written.
  std::string_view text() const { return text_; }

  // What the value is.
  bool is_null() const;
  bool is_string() const;
  bool is_object() const;
  bool is_array() const;

  // Scalars; DecodeError if it is something else or does not fit. null is a double: NaN.
  bool as_bool() const;
  int64_t as_int64() const;
  uint64_t as_uint64() const;
  double as_double() const;
  std::string as_string() const;

  // The member `name`; nothing if there is none. DecodeError if this is no object.
  std::optional<Decoder> member(std::string_view name) const;

  // The members of these names in one pass, nothing where there is none.
  void members(std::span<const std::string_view> names,
               std::span<std::optional<Decoder>> values) const;

  // Calls `visit` for each element, or member, in the order of the text. DecodeError if this is no
  // array, or no object.
  void each_element(const std::function<void(const Decoder&)>& visit) const;
  void each_member(const std::function<void(const std::string&, const Decoder&)>& visit) const;

 private:
  std::string_view text_;
};

// JSON text that is passed on without being looked at.
class RawJson {
 public:
  RawJson() = default;
  // `text` must be valid JSON; see parse_raw_json for text from elsewhere.
  explicit RawJson(std::string text) : text_(std::move(text)) {}

  // The JSON text.
  const std::string& text() const { return text_; }

 private:
  std::string text_ = "null";
};

// Checks that `text` is one JSON value; DecodeError names the place where it is not.
RawJson parse_raw_json(std::string text);

// -- The types that have a codec ------------------------------------------------------------------

// Nothing is null.
inline void encode(Encoder& encoder, std::nullptr_t) {
  encoder.null();
}
inline void encode(Encoder& encoder, std::monostate) {
  encoder.null();
}
inline void decode(const Decoder&, std::monostate&) {}

// Text. Invalid UTF-8 becomes U+FFFD.
inline void encode(Encoder& encoder, std::string_view value) {
  encoder.string(value);
}
inline void decode(const Decoder& decoder, std::string& value) {
  value = decoder.as_string();
}

// JSON as it is.
inline void encode(Encoder& encoder, const RawJson& value) {
  encoder.raw(value.text());
}
inline void decode(const Decoder& decoder, RawJson& value) {
  value = RawJson(std::string(decoder.text()));
}

// Numbers are written with all their digits; JavaScript reads those beyond 2^53 inexactly.
template <class T>
requires std::is_arithmetic_v<T>
void encode(Encoder& encoder, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    encoder.boolean(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    encoder.number(static_cast<double>(value));
  } else if constexpr (std::is_signed_v<T>) {
    encoder.integer(value);
  } else {
    encoder.unsigned_integer(value);
  }
}

// A whole number that does not fit the type is an error, not cut off.
template <class T>
requires std::is_arithmetic_v<T>
void decode(const Decoder& decoder, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    value = decoder.as_bool();
  } else if constexpr (std::is_floating_point_v<T>) {
    value = static_cast<T>(decoder.as_double());
  } else {
    using Wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
    Wide wide = 0;
    if constexpr (std::is_signed_v<T>) {
      wide = decoder.as_int64();
    } else {
      wide = decoder.as_uint64();
    }
    if (!std::in_range<T>(wide)) {
      throw DecodeError("the number " + std::string(decoder.text()) + " does not fit");
    }
    value = static_cast<T>(wide);
  }
}

// No value is null.
template <class T>
void encode(Encoder& encoder, const std::optional<T>& value) {
  if (!value) return encoder.null();
  encode(encoder, *value);
}
template <class T>
void decode(const Decoder& decoder, std::optional<T>& value) {
  value.reset();
  if (!decoder.is_null()) decode(decoder, value.emplace());
}

template <class T>
void encode(Encoder& encoder, const std::vector<T>& values) {
  encoder.begin_array();
  for (const auto& value : values) encode(encoder, static_cast<const T&>(value));
  encoder.end_array();
}
template <class T>
void decode(const Decoder& decoder, std::vector<T>& values) {
  values.clear();
  decoder.each_element([&](const Decoder& element) {
    T value{};
    decode(element, value);
    values.push_back(std::move(value));
  });
}

template <class T, size_t N>
void encode(Encoder& encoder, const std::array<T, N>& values) {
  encoder.begin_array();
  for (const T& value : values) encode(encoder, value);
  encoder.end_array();
}
template <class T, size_t N>
void decode(const Decoder& decoder, std::array<T, N>& values) {
  size_t count = 0;
  decoder.each_element([&](const Decoder& element) {
    if (count < N) decode(element, values[count]);
    ++count;
  });
  if (count != N) throw DecodeError("expected " + std::to_string(N) + " elements");
}

template <class T>
void encode(Encoder& encoder, const std::map<std::string, T>& values) {
  encoder.begin_object();
  for (const auto& [name, value] : values) {
    encoder.key(name);
    encode(encoder, value);
  }
  encoder.end_object();
}
template <class T>
void decode(const Decoder& decoder, std::map<std::string, T>& values) {
  values.clear();
  decoder.each_member(
      [&](const std::string& name, const Decoder& member) { decode(member, values[name]); });
}

// -- Using it -----------------------------------------------------------------------------------

// Has encode, has decode.
template <class T>
concept Encodable = requires(Encoder& encoder, const T& value) {
  encode(encoder, value);
};
template <class T>
concept Decodable = std::default_initializable<T> && requires(const Decoder& decoder, T& value) {
  decode(decoder, value);
};

// `value` as JSON text.
template <class T>
std::string to_json_text(const T& value) {
  static_assert(Encodable<T>,
                "the type has no encode(): write STEPWELL_FIELDS(Type, member, …) beside it, in "
                "its own namespace");
  Encoder encoder;
  encode(encoder, value);
  return encoder.take();
}

// The T that valid JSON text holds; DecodeError if it has another shape.
template <class T>
T from_json_text(std::string_view json) {
  static_assert(Decodable<T>,
                "the type has no decode(), or no default constructor: write STEPWELL_FIELDS(Type, "
                "member, …) beside it, in its own namespace");
  T value{};
  decode(Decoder(json), value);
  return value;
}

namespace detail {

enum class MissingMember { kIsError, kKeepsDefault };

// Puts the name of the member before what is wrong inside it, and throws that.
[[noreturn]] void rethrow_in_member(std::string_view member, const DecodeError& error);
[[noreturn]] void throw_missing_member(std::string_view type, std::string_view member);

template <class T>
constexpr bool is_optional_v = false;
template <class T>
constexpr bool is_optional_v<std::optional<T>> = true;

template <class T>
void decode_member(std::string_view type, std::string_view name,
                   const std::optional<Decoder>& found, T& value, MissingMember missing) {
  static_assert(
      requires(const Decoder& decoder, T& member) { decode(decoder, member); },
      "the type has no decode(): write STEPWELL_FIELDS(Type, member, …) beside it, in "
      "its own namespace");
  if (!found) {
    if (missing == MissingMember::kKeepsDefault || is_optional_v<T>) return;
    throw_missing_member(type, name);
  }
  try {
    decode(*found, value);
  } catch (const DecodeError& error) {
    rethrow_in_member(name, error);
  }
}

}  // namespace detail
}  // namespace stepwell
