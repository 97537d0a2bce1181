// STEPWELL_FIELDS: how a plain struct becomes JSON and comes back, and what it looks like then.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>

#include "stepwell/codec.h"
#include "stepwell/for_each.h"
#include "stepwell/json_schema.h"

#define STEPWELL_ENCODE_FIELD(field) \
  encoder.key(#field);               \
  encode(encoder, value.field);
#define STEPWELL_FIELD_NAME(field) std::string_view(#field),
#define STEPWELL_DECODE_FIELD(field) \
  ::stepwell::detail::decode_member(kType, #field, found[at++], value.field, kMissing);

#define STEPWELL_SCHEMA_FIELD(field) \
  ::stepwell::detail::write_field<decltype(Schematic::field)>(encoder, #field);
#define STEPWELL_REQUIRED_FIELD(field) \
  ::stepwell::detail::write_required<decltype(Schematic::field)>(encoder, #field, kMissing);

#define STEPWELL_CODEC(Type, missing, ...)                                                       \
  [[maybe_unused]] inline void encode(::stepwell::Encoder& encoder, const Type& value) {         \
    encoder.begin_object();                                                                      \
    STEPWELL_FOR_EACH(STEPWELL_ENCODE_FIELD, __VA_ARGS__)                                        \
    encoder.end_object();                                                                        \
  }                                                                                              \
  [[maybe_unused]] inline void decode(const ::stepwell::Decoder& decoder, Type& value) {         \
    constexpr std::string_view kType = #Type;                                                    \
    constexpr auto kMissing = ::stepwell::detail::MissingMember::missing;                        \
    constexpr std::string_view kNames[] = {STEPWELL_FOR_EACH(STEPWELL_FIELD_NAME, __VA_ARGS__)}; \
    std::optional<::stepwell::Decoder> found[std::size(kNames)];                                 \
    decoder.members(kNames, found);                                                              \
    std::size_t at = 0;                                                                          \
    STEPWELL_FOR_EACH(STEPWELL_DECODE_FIELD, __VA_ARGS__)                                        \
  }                                                                                              \
  [[maybe_unused]] inline void write_schema(::stepwell::Encoder& encoder,                        \
                                            ::stepwell::SchemaTag<Type>) {                       \
    using Schematic = Type;                                                                      \
    constexpr auto kMissing = ::stepwell::detail::MissingMember::missing;                        \
    encoder.begin_object();                                                                      \
    encoder.key("type");                                                                         \
    encoder.string("object");                                                                    \
    encoder.key("properties");                                                                   \
    encoder.begin_object();                                                                      \
    STEPWELL_FOR_EACH(STEPWELL_SCHEMA_FIELD, __VA_ARGS__)                                        \
    encoder.end_object();                                                                        \
    encoder.key("required");                                                                     \
    encoder.begin_array();                                                                       \
    STEPWELL_FOR_EACH(STEPWELL_REQUIRED_FIELD, __VA_ARGS__)                                      \
    encoder.end_array();                                                                         \
    encoder.end_object();                                                                        \
  }                                                                                              \
  static_assert(true, "a semicolon may follow")

// STEPWELL_FIELDS(Type, member, …): the codec of a struct, written in its namespace. Each member
// must be there when it is read, unless it is a std::optional; members of other names are ignored.
#define STEPWELL_FIELDS(Type, ...) STEPWELL_CODEC(Type, kIsError, __VA_ARGS__)

// The same, but members that are not there keep the value that the struct gives them.
#define STEPWELL_FIELDS_WITH_DEFAULTS(Type, ...) STEPWELL_CODEC(Type, kKeepsDefault, __VA_ARGS__)
