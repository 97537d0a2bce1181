#include "api/sdk/field_reader.h"

#include <fmt/core.h>

#include <utility>

namespace stepwell::sdk {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

FieldReader::FieldReader(const JsonView& object, std::string path, std::string& faults)
    : path_(std::move(path)), faults_(&faults) {
  for (JsonMembers it = object.members(); it.next();) {
    members_.insert_or_assign(lower(it.key()), it.value());
  }
}

std::optional<JsonView> FieldReader::find(std::string_view name) const {
  const auto found = members_.find(lower(name));
  if (found == members_.end() || found->second.is_null()) return std::nullopt;
  return found->second;
}

std::string FieldReader::text(std::string_view name) const {
  const std::optional<JsonView> value = find(name);
  if (!value) return {};
  std::optional<std::string> text = value->as_string();
  if (!text) fault(name, "it must be a string");
  return std::move(text).value_or("");
}

std::optional<int64_t> FieldReader::integer(std::string_view name) const {
  const std::optional<JsonView> value = find(name);
  if (!value) return std::nullopt;
  const std::optional<int64_t> number = value->as_int64();
  if (!number) fault(name, "it must be a whole number");
  return number;
}

std::optional<Duration> FieldReader::duration(std::string_view name) const {
  const std::string given = text(name);
  if (given.empty()) return std::nullopt;
  const Result<Duration> duration = parse_duration(given);
  if (!duration) {
    fault(name, fmt::format("\"{}\" is no duration such as 30s or 1h30m", given));
    return std::nullopt;
  }
  return *duration;
}

std::optional<Time> FieldReader::time(std::string_view name) const {
  const auto value = find(name);
  const Result<Time> time = parse_rfc3339(value ? value->as_string().value_or("") : "");
  return time ? std::optional(*time) : std::nullopt;
}

std::optional<FieldReader> FieldReader::object(std::string_view name) const {
  const std::optional<JsonView> value = find(name);
  if (!value) return std::nullopt;
  if (!value->is_object()) {
    fault(name, "it must be an object");
    return std::nullopt;
  }
  return FieldReader(*value, path_of(name), *faults_);
}

std::vector<JsonView> FieldReader::list(std::string_view name) const {
  const std::optional<JsonView> value = find(name);
  std::vector<JsonView> elements;
  if (!value) return elements;
  if (!value->is_array()) fault(name, "it must be a list");
  for (JsonElements it = value->elements(); it.next();) elements.push_back(it.value());
  return elements;
}

FieldReader FieldReader::element(std::string_view name, size_t index, const JsonView& value) const {
  const std::string path = fmt::format("{}[{}]", path_of(name), index);
  if (!value.is_object()) *faults_ += fmt::format("{}: it must be an object; ", path);
  return {value, path, *faults_};
}

void FieldReader::fault(std::string_view name, std::string_view what) const {
  *faults_ += fmt::format("{}: {}; ", path_of(name), what);
}

std::string FieldReader::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

}  // namespace stepwell::sdk
