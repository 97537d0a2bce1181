// JSON Schema for the messages of topics: a part of draft 2020-12 that says what data looks like.
//
// Understood: type, enum, const, properties, required, additionalProperties, propertyNames,
// minProperties, maxProperties, items, prefixItems, minItems, maxItems, minLength, maxLength,
// pattern (RE2), minimum, maximum, exclusiveMinimum, exclusiveMaximum, allOf, anyOf, oneOf, not,
// and $ref to "#", "#/$defs/NAME" or "#/definitions/NAME". Passed over, as annotations: $schema,
// $id, $comment, title, description, default, examples, deprecated, readOnly, writeOnly, format,
// contentEncoding, contentMediaType. Any other keyword is refused: a rule that is not checked would
// be a promise that is not kept.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace stepwell {

// Of a schema's text.
inline constexpr size_t kSchemaBytesMax = 64 * 1024;

// A compiled schema. Cheap to copy; any number of threads may use one.
class JsonSchema {
 public:
  // kInvalid names the place and what is wrong there.
  static Result<JsonSchema> compile(std::string_view json);

  // Why `json`, which must be valid JSON, does not fit: "data.likes: must be a whole number".
  // Nothing if it fits.
  std::optional<std::string> misfit(std::string_view json) const;

  struct Node;

 private:
  explicit JsonSchema(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

  std::shared_ptr<const Node> root_;
};

}  // namespace stepwell
