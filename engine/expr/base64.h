// Base64 as expressions read it: more lenient than the protocols' own decoder in schema/encoding.h.
#pragma once

#include <string>
#include <string_view>

namespace stepwell::expr {

struct LenientBase64 {
  std::string bytes;     // what decoded before the first mistake
  bool is_whole = true;  // there was no mistake
};

// The standard alphabet; padding may be left out.
LenientBase64 decode_base64_lenient(std::string_view text);

}  // namespace stepwell::expr
