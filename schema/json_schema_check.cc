// Whether a value fits a compiled schema. The first fault ends it, with the place in the value.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "schema/jcs.h"
#include "schema/json.h"
#include "schema/json_schema.h"
#include "schema/json_schema_node.h"

namespace stepwell {
namespace {

using Node = JsonSchema::Node;
using Misfit = std::optional<std::string>;

// Bounds for schemas that refer to themselves, and for what anyOf and oneOf try.
constexpr int kDepthMax = 256;
constexpr int kChecksMax = 200'000;

size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

class Check {
 public:
  Misfit value(const Node& node, const JsonView& json, const std::string& place, int depth) {
    if (depth > kDepthMax) return place + ": is nested too deeply to be checked";
    if (++checks_ > kChecksMax) return place + ": takes too long to check";
    if (node.is_never) return place + ": must not be there";
    if (Misfit fault = type(node, json, place)) return fault;
    if (Misfit fault = choice(node, json, place)) return fault;
    if (Misfit fault = scalar(node, json, place)) return fault;
    if (json.is_object()) {
      if (Misfit fault = object(node, json, place, depth)) return fault;
    }
    if (json.is_array()) {
      if (Misfit fault = array(node, json, place, depth)) return fault;
    }
    return combined(node, json, place, depth);
  }

 private:
  static Misfit type(const Node& node, const JsonView& json, const std::string& place) {
    if (node.types == 0) return std::nullopt;
    const uint8_t wanted = node.types;
    switch (json.type()) {
      case JsonType::kNull:
        if ((wanted & kSchemaNull) != 0) return std::nullopt;
        break;
      case JsonType::kBool:
        if ((wanted & kSchemaBoolean) != 0) return std::nullopt;
        break;
      case JsonType::kString:
        if ((wanted & kSchemaString) != 0) return std::nullopt;
        break;
      case JsonType::kArray:
        if ((wanted & kSchemaArray) != 0) return std::nullopt;
        break;
      case JsonType::kObject:
        if ((wanted & kSchemaObject) != 0) return std::nullopt;
        break;
      case JsonType::kNumber: {
        if ((wanted & kSchemaNumber) != 0) return std::nullopt;
        const std::optional<double> number = json.as_double();
        const bool is_whole = json.as_int64() || (number && std::trunc(*number) == *number);
        if ((wanted & kSchemaInteger) != 0 && is_whole) return std::nullopt;
        break;
      }
    }
    return place + ": must be " + names_of(wanted);
  }

  static std::string names_of(uint8_t types) {
    constexpr std::pair<SchemaType, std::string_view> kNames[] = {
        {kSchemaNull, "null"},
        {kSchemaBoolean, "true or false"},
        {kSchemaInteger, "a whole number"},
        {kSchemaNumber, "a number"},
        {kSchemaString, "a string"},
        {kSchemaArray, "an array"},
        {kSchemaObject, "an object"}};
    std::string text;
    for (const auto& [bit, name] : kNames) {
      if ((types & bit) == 0) continue;
      if (!text.empty()) text += " or ";
      text += name;
    }
    return text;
  }

  static Misfit choice(const Node& node, const JsonView& json, const std::string& place) {
    if (!node.has_values) return std::nullopt;
    const Result<std::string> text = canonicalize_json(json.text());
    if (text && std::find(node.values.begin(), node.values.end(), *text) != node.values.end()) {
      return std::nullopt;
    }
    std::string values;
    for (const std::string& value : node.values) values += (values.empty() ? "" : ", ") + value;
    return place + ": must be one of " + values;
  }

  static Misfit scalar(const Node& node, const JsonView& json, const std::string& place) {
    if (json.type() == JsonType::kNumber) {
      const double number = json.as_double().value_or(HUGE_VAL);
      if (node.minimum && number < *node.minimum) {
        return fmt::format("{}: must be at least {}", place, *node.minimum);
      }
      if (node.maximum && number > *node.maximum) {
        return fmt::format("{}: must be at most {}", place, *node.maximum);
      }
      if (node.above && number <= *node.above) {
        return fmt::format("{}: must be more than {}", place, *node.above);
      }
      if (node.below && number >= *node.below) {
        return fmt::format("{}: must be less than {}", place, *node.below);
      }
    }
    if (json.type() != JsonType::kString) return std::nullopt;
    if (!node.length_min && !node.length_max && !node.pattern) return std::nullopt;
    const std::string text = json.as_string().value_or("");
    if (Misfit fault =
            range(node.length_min, node.length_max, characters(text), place, "characters"))
      return fault;
    if (node.pattern && !RE2::PartialMatch(text, *node.pattern)) {
      return place + ": must match the pattern " + node.pattern->pattern();
    }
    return std::nullopt;
  }

  static Misfit range(const Node::Count& least, const Node::Count& most, size_t count,
                      const std::string& place, const char* what) {
    if (least && count < *least)
      return fmt::format("{}: must have {} {} or more", place, *least, what);
    if (most && count > *most)
      return fmt::format("{}: must have {} {} at most", place, *most, what);
    return std::nullopt;
  }

  Misfit object(const Node& node, const JsonView& json, const std::string& place, int depth) {
    for (const std::string& name : node.required) {
      if (!json.find(name)) return place + "." + name + ": is missing";
    }
    size_t count = 0;
    for (JsonMembers it = json.members(); it.next(); ++count) {
      const std::string name = it.key();
      const auto property = node.properties.find(name);
      const Node* of_member =
          property != node.properties.end() ? property->second.get() : node.additional.get();
      if (of_member != nullptr) {
        Misfit fault = value(*of_member, it.value(), place + "." + name, depth + 1);
        if (fault) return fault;
      }
      if (!node.names) continue;
      const std::string quoted = json_quote(name);
      const JsonView key = JsonView::trusted(quoted);
      if (Misfit fault = value(*node.names, key, place + ": the name " + quoted, depth + 1)) {
        return fault;
      }
    }
    return range(node.properties_min, node.properties_max, count, place, "members");
  }

  Misfit array(const Node& node, const JsonView& json, const std::string& place, int depth) {
    size_t count = 0;
    for (JsonElements it = json.elements(); it.next(); ++count) {
      const Node* of_item =
          count < node.prefix.size() ? node.prefix[count].get() : node.items.get();
      if (of_item == nullptr) continue;
      Misfit fault = value(*of_item, it.value(), fmt::format("{}[{}]", place, count), depth + 1);
      if (fault) return fault;
    }
    return range(node.items_min, node.items_max, count, place, "items");
  }

  Misfit combined(const Node& node, const JsonView& json, const std::string& place, int depth) {
    if (node.referred != nullptr) {
      if (Misfit fault = value(*node.referred, json, place, depth + 1)) return fault;
    }
    for (const auto& each : node.all) {
      if (Misfit fault = value(*each, json, place, depth + 1)) return fault;
    }
    if (!node.any.empty()) {
      Misfit fault = place + ": fits none of the alternatives";
      for (const auto& each : node.any) {
        Misfit of_this = value(*each, json, place, depth + 1);
        if (!of_this) fault.reset();
        if (!fault) break;
        if (node.any.size() == 1) fault = std::move(of_this);
      }
      if (fault) return fault;
    }
    if (!node.one.empty()) {
      const auto fitting = std::count_if(node.one.begin(), node.one.end(), [&](const auto& each) {
        return !value(*each, json, place, depth + 1);
      });
      if (fitting != 1) return fmt::format("{}: fits {} alternatives, not one", place, fitting);
    }
    if (node.none && !value(*node.none, json, place, depth + 1)) {
      return place + ": is what it must not be";
    }
    return std::nullopt;
  }

  int checks_ = 0;
};

}  // namespace

std::optional<std::string> JsonSchema::misfit(std::string_view json) const {
  return Check().value(*root_, JsonView::trusted(json), "data", 0);
}

}  // namespace stepwell
