// A compiled JSON Schema, as json_schema.cc builds it and json_schema_check.cc applies it.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schema/json_schema.h"

namespace stepwell {

// The types that "type" names, as bits.
enum SchemaType : uint8_t {
  kSchemaNull = 1,
  kSchemaBoolean = 2,
  kSchemaInteger = 4,
  kSchemaNumber = 8,
  kSchemaString = 16,
  kSchemaArray = 32,
  kSchemaObject = 64,
};

struct JsonSchema::Node {
  using Nodes = std::vector<std::unique_ptr<Node>>;
  using Count = std::optional<uint64_t>;

  bool is_never = false;            // the schema `false`
  uint8_t types = 0;                // of SchemaType; 0: any
  std::vector<std::string> values;  // "enum" and "const", canonical
  bool has_values = false;

  std::map<std::string, std::unique_ptr<Node>, std::less<>> properties;
  std::vector<std::string> required;
  std::unique_ptr<Node> additional;
  std::unique_ptr<Node> names;
  Count properties_min, properties_max;

  Nodes prefix;
  std::unique_ptr<Node> items;
  Count items_min, items_max;

  Count length_min, length_max;
  std::unique_ptr<RE2> pattern;

  std::optional<double> minimum, maximum, above, below;

  Nodes all, any, one;
  std::unique_ptr<Node> none;
  std::string ref;                 // as it was written
  const Node* referred = nullptr;  // in this tree

  // Of the root: "$defs", by their references.
  std::map<std::string, std::unique_ptr<Node>, std::less<>> definitions;
};

}  // namespace stepwell
