// Canonical JSON and UTF-8: the canonical form is JSON, is its own canonical form, and decoding
// goes through any bytes to their end.
#include <cstdint>
#include <string>
#include <string_view>

#include "schema/check.h"
#include "schema/jcs.h"
#include "schema/utf8.h"

using namespace stepwell;

namespace {

void check_utf8(std::string_view text) {
  std::string copy;
  bool is_valid = true;
  for (size_t at = 0; at < text.size();) {
    const Utf8Decoded decoded = decode_utf8(text, at);
    CHECK_INVARIANT(decoded.length >= 1 && at + decoded.length <= text.size());
    CHECK_INVARIANT(decoded.valid || decoded.code_point == kReplacementCharacter);
    if (is_valid && !decoded.valid) CHECK_INVARIANT(valid_utf8_length(text) == at);
    is_valid = is_valid && decoded.valid;
    append_utf8(copy, decoded.code_point);
    at += decoded.length;
  }
  CHECK_INVARIANT(valid_utf8_length(copy) == copy.size(), "what was written is not UTF-8");
  if (is_valid) CHECK_INVARIANT(copy == text && valid_utf8_length(text) == text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_utf8(text);
  const auto canonical = canonicalize_json(text);
  if (!canonical) return 0;
  CHECK_INVARIANT(parse_json(*canonical).ok(), "the canonical form is no JSON");
  const auto again = canonicalize_json(*canonical);
  CHECK_INVARIANT(again.ok() && *again == *canonical);
  return 0;
}
