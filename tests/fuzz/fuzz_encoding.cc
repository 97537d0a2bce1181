// Ids and encodings: what is decoded is encoded as the same text again (one text for one value),
// and what is encoded is decoded as the same bytes.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "schema/check.h"
#include "schema/encoding.h"
#include "schema/ids.h"

using namespace stepwell;

namespace {

std::string with_case(std::string_view text, char from, char to) {
  std::string changed(text);
  for (char& c : changed) {
    if (c >= from && c <= from + 25) c = static_cast<char>(c - from + to);
  }
  return changed;
}

void check_texts(std::string_view text) {
  if (const auto bytes = hex_decode(text)) {
    CHECK_INVARIANT(hex_encode(*bytes) == with_case(text, 'A', 'a'));
  }
  if (const auto bytes = base64_decode(text)) CHECK_INVARIANT(base64_encode(*bytes) == text);
  if (const auto bytes = base64url_decode(text)) CHECK_INVARIANT(base64url_encode(*bytes) == text);
  if (const auto ulid = Ulid::parse(text)) {
    CHECK_INVARIANT(ulid->to_string() == with_case(text, 'a', 'A'));
  }
  if (const auto key = StepKey::parse(text)) {
    CHECK_INVARIANT(key->to_string() == with_case(text, 'A', 'a'));
  }
}

void check_bytes(std::string_view bytes) {
  CHECK_INVARIANT(hex_decode(hex_encode(bytes)) == bytes);
  CHECK_INVARIANT(base64_decode(base64_encode(bytes)) == bytes);
  CHECK_INVARIANT(base64url_decode(base64url_encode(bytes)) == bytes);
  if (bytes.size() < 16) return;
  Ulid ulid;
  std::copy_n(bytes.begin(), ulid.bytes.size(), ulid.bytes.begin());
  CHECK_INVARIANT(Ulid::parse(ulid.to_string()) == ulid);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_texts(input);
  check_bytes(input);
  return 0;
}
