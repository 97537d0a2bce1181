// The JSON Schema of a C++ type, made from the type itself: what its values look like once they are
// JSON. A topic is registered with that of its messages, and subscribers in other languages may
// check the same. STEPWELL_FIELDS writes it for a struct; a type with functions encode and decode
// of its own has one if it has a third,
//
//   void write_schema(stepwell::Encoder& encoder, stepwell::SchemaTag<T>);
//
// and otherwise anything fits it, as it does a type inside of itself: the children of a node of a
// tree are not looked into.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "stepwell/codec.h"

namespace stepwell {

// Names a type to write_schema.
template <class T>
struct SchemaTag {};

// Whether something is known of what the type looks like.
template <class T>
concept HasSchema = requires(Encoder& encoder) {
  write_schema(encoder, SchemaTag<T>());
};

namespace detail {

// {"type":name}.
void write_type(Encoder& encoder, std::string_view name);
void write_whole_number(Encoder& encoder, bool is_signed);

template <class T>
void write_schema_or_any(Encoder& encoder) {
  if constexpr (HasSchema<T>) {
    thread_local bool is_inside = false;
    if (is_inside) return encoder.boolean(true);
    is_inside = true;
    write_schema(encoder, SchemaTag<T>());
    is_inside = false;
  } else {
    encoder.boolean(true);
  }
}

// A member of a schema that is itself a schema, and the name of a member that must be there.
template <class T>
void write_field(Encoder& encoder, std::string_view name) {
  encoder.key(name);
  write_schema_or_any<T>(encoder);
}

template <class T>
void write_required(Encoder& encoder, std::string_view name, MissingMember missing) {
  if (missing == MissingMember::kIsError && !is_optional_v<T>) encoder.string(name);
}

}  // namespace detail

// The types that have a codec, as it writes them.
inline void write_schema(Encoder& encoder, SchemaTag<std::nullptr_t>) {
  detail::write_type(encoder, "null");
}
inline void write_schema(Encoder& encoder, SchemaTag<std::monostate>) {
  detail::write_type(encoder, "null");
}
inline void write_schema(Encoder& encoder, SchemaTag<std::string>) {
  detail::write_type(encoder, "string");
}
template <class T>
requires std::is_arithmetic_v<T>
void write_schema(Encoder& encoder, SchemaTag<T>) {
  if constexpr (std::is_same_v<T, bool>) {
    detail::write_type(encoder, "boolean");
  } else if constexpr (std::is_floating_point_v<T>) {
    detail::write_type(encoder, "number");
  } else {
    detail::write_whole_number(encoder, std::is_signed_v<T>);
  }
}
template <class T>
void write_schema(Encoder& encoder, SchemaTag<std::optional<T>>) {
  encoder.begin_object();
  encoder.key("anyOf");
  encoder.begin_array();
  detail::write_schema_or_any<T>(encoder);
  detail::write_type(encoder, "null");
  encoder.end_array();
  encoder.end_object();
}
template <class T>
void write_schema(Encoder& encoder, SchemaTag<std::vector<T>>) {
  encoder.begin_object();
  encoder.key("type");
  encoder.string("array");
  detail::write_field<T>(encoder, "items");
  encoder.end_object();
}
template <class T, size_t N>
void write_schema(Encoder& encoder, SchemaTag<std::array<T, N>>) {
  encoder.begin_object();
  encoder.key("type");
  encoder.string("array");
  detail::write_field<T>(encoder, "items");
  for (const char* bound : {"minItems", "maxItems"}) {
    encoder.key(bound);
    encoder.unsigned_integer(N);
  }
  encoder.end_object();
}
template <class T>
void write_schema(Encoder& encoder, SchemaTag<std::map<std::string, T>>) {
  encoder.begin_object();
  encoder.key("type");
  encoder.string("object");
  detail::write_field<T>(encoder, "additionalProperties");
  encoder.end_object();
}

// The schema of T as JSON text.
template <class T>
std::string json_schema() {
  Encoder encoder;
  detail::write_schema_or_any<T>(encoder);
  return encoder.take();
}

}  // namespace stepwell
