// Reading the parameters of a query. Internal to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/server/request.h"
#include "schema/result.h"
#include "schema/time.h"

namespace stepwell::server {

inline constexpr size_t kPageDefault = 50;
inline constexpr size_t kPageMax = 200;

// Each reads the value of the parameter `name`; the error names it and says what it may be.
Result<size_t> read_limit(std::string_view value);
Result<uint64_t> read_cursor(std::string_view value);
Result<Time> read_time(std::string_view name, std::string_view value);
Result<bool> read_flag(std::string_view name, std::string_view value);

// Puts what was read where it belongs, or passes its error on.
template <typename T, typename Target>
Result<void> store(Result<T> value, Target& target) {
  if (!value) return value.error();
  target = *value;
  return {};
}

// For a parameter that the query does not have: names it and those that there are.
Error unknown_parameter(std::string_view name, std::string_view known);

// "a,b" → "a", "b"; empty parts are left out.
std::vector<std::string_view> split_commas(std::string_view value);

}  // namespace stepwell::server
