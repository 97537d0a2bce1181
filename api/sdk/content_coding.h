// Undoes the Content-Encoding of a response.
#pragma once

#include <string>
#include <string_view>

#include "schema/result.h"

namespace stepwell::sdk {

// What a request's Accept-Encoding names.
inline constexpr std::string_view kAcceptedCodings = "gzip, deflate";

// `body` without the codings that the field value `codings` names (none, gzip, deflate). Stops with
// kTooLarge as soon as the text is over `bytes_max`, whatever the compressed size; kInvalid for
// damaged or truncated data and for codings that were not asked for.
Result<std::string> decode_content(std::string_view codings, std::string body, size_t bytes_max);

}  // namespace stepwell::sdk
