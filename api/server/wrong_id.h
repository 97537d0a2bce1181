// What is said of ids that are none, or that nothing has: the same words everywhere.
#pragma once

#include <string>
#include <string_view>

#include "schema/result.h"

namespace stepwell::server {

inline Error not_a_run_id(std::string_view text) {
  return {ErrorCode::kInvalid,
          "\"" + std::string(text) + "\" is no run id (26 letters and digits)"};
}

inline Error not_an_event_id(std::string_view text) {
  return {ErrorCode::kInvalid,
          "\"" + std::string(text) + "\" is no event id (26 letters and digits)"};
}

inline Error no_such_run(std::string_view id) {
  return {ErrorCode::kNotFound, "there is no run " + std::string(id)};
}

inline Error no_such_event(std::string_view id) {
  return {ErrorCode::kNotFound, "there is no event \"" + std::string(id) + "\""};
}

}  // namespace stepwell::server
