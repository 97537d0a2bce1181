// Reads the fields of configurations that SDKs send. Their names count in any case of letters,
// because SDKs write them differently; null counts as absent; what has a wrong type is a fault.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/json.h"
#include "schema/time.h"

namespace stepwell::sdk {

// Faults, each as "field: what; ".
class FieldReader {
 public:
  // `path` stands before the names of its fields in faults, which are added to `faults`. What is no
  // object reads as one without fields.
  FieldReader(const JsonView& object, std::string path, std::string& faults);

  std::optional<JsonView> find(std::string_view name) const;
  std::string text(std::string_view name) const;  // empty if absent
  std::optional<int64_t> integer(std::string_view name) const;
  std::optional<Duration> duration(std::string_view name) const;  // "1h30m"
  // "2026-08-22T10:00:00Z"; nothing if it is something else, which is no fault.
  std::optional<Time> time(std::string_view name) const;
  // Nothing also if it is no object: that is the one fault there is.
  std::optional<FieldReader> object(std::string_view name) const;
  // The elements of an array; none if absent.
  std::vector<JsonView> list(std::string_view name) const;

  // A reader of one element of the array `name`.
  FieldReader element(std::string_view name, size_t index, const JsonView& value) const;

  void fault(std::string_view name, std::string_view what) const;
  std::string path_of(std::string_view name) const;

 private:
  std::map<std::string, JsonView, std::less<>> members_;  // by name in lower case
  std::string path_;
  std::string* faults_;
};

}  // namespace stepwell::sdk
