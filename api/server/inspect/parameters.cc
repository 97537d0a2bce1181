#include "api/server/inspect/parameters.h"

#include <fmt/core.h>

#include <charconv>

namespace stepwell::server {
namespace {

std::optional<uint64_t> read_number(std::string_view text) {
  uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return is_whole ? std::optional(number) : std::nullopt;
}

}  // namespace

Result<size_t> read_limit(std::string_view value) {
  const std::optional<uint64_t> number = read_number(value);
  if (!number || *number == 0 || *number > kPageMax) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("limit \"{}\" is no number from 1 to {}", value, kPageMax)};
  }
  return *number;
}

Result<uint64_t> read_cursor(std::string_view value) {
  const std::optional<uint64_t> number = read_number(value);
  if (!number) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("cursor \"{}\" is none that a page of this list gave", value)};
  }
  return *number;
}

Result<Time> read_time(std::string_view name, std::string_view value) {
  Result<Time> time = parse_rfc3339(value);
  if (!time) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("{} \"{}\" is no time such as 2026-08-22T10:00:00Z", name, value)};
  }
  return time;
}

Result<bool> read_flag(std::string_view name, std::string_view value) {
  if (value == "true" || value == "1" || value.empty()) return true;
  if (value == "false" || value == "0") return false;
  return Error{ErrorCode::kInvalid,
               fmt::format("{} \"{}\" is neither true nor false", name, value)};
}

Error unknown_parameter(std::string_view name, std::string_view known) {
  return {ErrorCode::kInvalid,
          fmt::format("there is no parameter \"{}\" here; there are {}", name, known)};
}

std::vector<std::string_view> split_commas(std::string_view value) {
  std::vector<std::string_view> parts;
  while (!value.empty()) {
    const size_t comma = value.find(',');
    if (comma != 0) parts.push_back(value.substr(0, comma));
    if (comma == std::string_view::npos) break;
    value.remove_prefix(comma + 1);
  }
  return parts;
}

}  // namespace stepwell::server
