// What user code threw, in the shape that travels: the SDKs' error object.
#pragma once

#include <string>
#include <string_view>

namespace stepwell {

struct ErrorInfo {
  std::string name = "Error";
  std::string message;
  std::string stack;  // may be empty
  std::string cause;  // raw JSON, or empty
  std::string extra;  // further members that SDKs want back ("code", "data"): a raw JSON object, or
                      // empty

  bool operator==(const ErrorInfo&) const = default;
};

// {"name":…,"message":…,"stack":…,"cause":…} and the further members; empty optional ones are
// left out.
std::string error_json(const ErrorInfo& error);

// Reads such an object; members of a wrong type are taken as absent, and "error" stands for a
// message that is missing. Text that is no object becomes the message.
ErrorInfo parse_error_info(std::string_view json);

}  // namespace stepwell
