// From the text of a schema to its nodes.
#include "schema/json_schema.h"

#include <utility>

#include "schema/jcs.h"
#include "schema/json.h"
#include "schema/json_schema_node.h"

namespace stepwell {
namespace {

using Node = JsonSchema::Node;
using NodePtr = std::unique_ptr<Node>;

constexpr int kSchemaDepthMax = 64;
constexpr int64_t kPatternBytesMax = 256 * 1024;  // of a compiled one

constexpr std::string_view kAnnotations[] = {
    "$schema",         "$id",        "$comment", "title",     "description", "default",
    "examples",        "deprecated", "readOnly", "writeOnly", "format",      "contentEncoding",
    "contentMediaType"};

uint8_t type_bit(std::string_view name) {
  if (name == "null") return kSchemaNull;
  if (name == "boolean") return kSchemaBoolean;
  if (name == "integer") return kSchemaInteger;
  if (name == "number") return kSchemaNumber;
  if (name == "string") return kSchemaString;
  if (name == "array") return kSchemaArray;
  return name == "object" ? kSchemaObject : 0;
}

class Compiler {
 public:
  Result<NodePtr> compile(const JsonView& json) {
    NodePtr root = schema(json, "#", 0);
    if (fault_.empty()) link(root.get());
    if (!fault_.empty()) return Error{ErrorCode::kInvalid, "the schema: " + fault_};
    return root;
  }

 private:
  void fail(const std::string& place, const std::string& what) {
    if (fault_.empty()) fault_ = place + ": " + what;
  }

  NodePtr schema(const JsonView& json, const std::string& place, int depth) {
    auto node = std::make_unique<Node>();
    all_.push_back(node.get());
    if (const std::optional<bool> is_any = json.as_bool()) {
      node->is_never = !*is_any;
      return node;
    }
    if (!json.is_object()) {
      fail(place, "must be an object, true or false");
    } else if (depth > kSchemaDepthMax) {
      fail(place, "is nested too deeply");
    } else {
      for (JsonMembers it = json.members(); it.next() && fault_.empty();) {
        const std::string key = it.key();
        const std::string at = place + "/" + key;
        const bool is_known = of_types(*node, key, it.value(), at) ||
                              of_values(*node, key, it.value(), at) ||
                              of_objects(*node, key, it.value(), at, depth) ||
                              of_arrays(*node, key, it.value(), at, depth) ||
                              of_schemas(*node, key, it.value(), at, depth) || is_annotation(key);
        if (!is_known) fail(at, "is not supported");
      }
    }
    return node;
  }

  static bool is_annotation(std::string_view key) {
    for (std::string_view known : kAnnotations) {
      if (known == key) return true;
    }
    return false;
  }

  bool of_types(Node& node, std::string_view key, const JsonView& value, const std::string& at) {
    if (key == "type") {
      const auto add = [&](const JsonView& name) {
        const uint8_t bit = type_bit(name.as_string().value_or(""));
        if (bit == 0) fail(at, "must name types of JSON");
        node.types |= bit;
      };
      if (!value.is_array()) add(value);
      for (JsonElements it = value.elements(); it.next();) add(it.value());
      if (node.types == 0) fail(at, "must name types of JSON");
      return true;
    }
    if (key != "enum" && key != "const") return false;
    const auto add = [&](const JsonView& json) {
      Result<std::string> text = canonicalize_json(json.text());
      if (!text) return fail(at, text.error().message);
      node.values.push_back(std::move(*text));
    };
    if (node.has_values) fail(at, "cannot stand beside another \"enum\" or \"const\"");
    node.has_values = true;
    if (key == "const") {
      add(value);
    } else if (!value.is_array()) {
      fail(at, "must be an array");
    } else {
      for (JsonElements it = value.elements(); it.next();) add(it.value());
    }
    return true;
  }

  bool of_values(Node& node, std::string_view key, const JsonView& value, const std::string& at) {
    if (key == "minLength") return count(node.length_min, value, at);
    if (key == "maxLength") return count(node.length_max, value, at);
    if (key == "minimum") return number(node.minimum, value, at);
    if (key == "maximum") return number(node.maximum, value, at);
    if (key == "exclusiveMinimum") return number(node.above, value, at);
    if (key == "exclusiveMaximum") return number(node.below, value, at);
    if (key != "pattern") return false;
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(kPatternBytesMax);
    node.pattern = std::make_unique<RE2>(value.as_string().value_or("("), options);
    if (!node.pattern->ok()) fail(at, "must be a pattern of RE2: " + node.pattern->error());
    return true;
  }

  bool of_objects(Node& node, std::string_view key, const JsonView& value, const std::string& at,
                  int depth) {
    if (key == "minProperties") return count(node.properties_min, value, at);
    if (key == "maxProperties") return count(node.properties_max, value, at);
    if (key == "properties") return named(node.properties, value, at, "", depth);
    if (key == "additionalProperties") return one(node.additional, value, at, depth);
    if (key == "propertyNames") return one(node.names, value, at, depth);
    if (key != "required") return false;
    if (!value.is_array()) fail(at, "must be an array of names");
    for (JsonElements it = value.elements(); it.next();) {
      std::optional<std::string> name = it.value().as_string();
      if (!name) fail(at, "must be an array of names");
      node.required.push_back(name.value_or(""));
    }
    return true;
  }

  bool of_arrays(Node& node, std::string_view key, const JsonView& value, const std::string& at,
                 int depth) {
    if (key == "minItems") return count(node.items_min, value, at);
    if (key == "maxItems") return count(node.items_max, value, at);
    if (key == "items") return one(node.items, value, at, depth);
    if (key == "prefixItems") return several(node.prefix, value, at, depth);
    return false;
  }

  bool of_schemas(Node& node, std::string_view key, const JsonView& value, const std::string& at,
                  int depth) {
    if (key == "allOf") return several(node.all, value, at, depth);
    if (key == "anyOf") return several(node.any, value, at, depth);
    if (key == "oneOf") return several(node.one, value, at, depth);
    if (key == "not") return one(node.none, value, at, depth);
    if (key == "$ref") {
      node.ref = value.as_string().value_or("");
      if (!node.ref.starts_with('#')) fail(at, "must begin with #");
      return true;
    }
    const bool is_definitions = key == "$defs" || key == "definitions";
    if (!is_definitions) return false;
    if (depth > 0) {
      fail(at, "belongs to the outermost schema");
      return true;
    }
    return named(node.definitions, value, at, "#/" + std::string(key) + "/", depth);
  }

  bool count(Node::Count& count, const JsonView& value, const std::string& at) {
    const std::optional<int64_t> number = value.as_int64();
    if (!number || *number < 0) fail(at, "must be a whole number from 0");
    count = static_cast<uint64_t>(number.value_or(0));
    return true;
  }

  bool number(std::optional<double>& bound, const JsonView& value, const std::string& at) {
    bound = value.as_double();
    if (!bound) fail(at, "must be a number");
    return true;
  }

  bool one(NodePtr& node, const JsonView& value, const std::string& at, int depth) {
    node = schema(value, at, depth + 1);
    return true;
  }

  bool several(Node::Nodes& nodes, const JsonView& value, const std::string& at, int depth) {
    for (JsonElements it = value.elements(); it.next() && fault_.empty();) {
      nodes.push_back(schema(it.value(), at, depth + 1));
    }
    if (nodes.empty()) fail(at, "must be an array of schemas");
    return true;
  }

  template <typename Map>
  bool named(Map& nodes, const JsonView& value, const std::string& at, const std::string& prefix,
             int depth) {
    if (!value.is_object()) fail(at, "must be an object of schemas");
    for (JsonMembers it = value.members(); it.next() && fault_.empty();) {
      const std::string name = it.key();
      nodes[prefix + name] = schema(it.value(), at + "/" + name, depth + 1);
    }
    return true;
  }

  void link(const Node* root) {
    for (Node* node : all_) {
      if (node->ref.empty()) continue;
      const auto found = root->definitions.find(node->ref);
      if (found != root->definitions.end()) node->referred = found->second.get();
      if (node->ref == "#") node->referred = root;
      if (node->referred == nullptr) fail(node->ref, "is not defined");
    }
  }

  std::vector<Node*> all_;
  std::string fault_;
};

}  // namespace

Result<JsonSchema> JsonSchema::compile(std::string_view json) {
  if (json.size() > kSchemaBytesMax) {
    return Error{ErrorCode::kTooLarge, "a schema has at most 64 KiB"};
  }
  const Result<JsonView> parsed = parse_json(json);
  if (!parsed) return Error{ErrorCode::kInvalid, "the schema: " + parsed.error().message};
  Result<NodePtr> root = Compiler().compile(*parsed);
  if (!root) return root.error();
  return JsonSchema(std::move(*root));
}

}  // namespace stepwell
