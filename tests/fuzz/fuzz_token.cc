// Realtime tokens: only what was signed is accepted, and claims that are accepted are signed to the
// same claims again.
#include <cstdint>
#include <string>
#include <string_view>

#include "api/realtime/token.h"
#include "schema/check.h"
#include "schema/encoding.h"

using namespace stepwell;
using namespace stepwell::realtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string key = "the key of the fuzzer";
  const TokenSigner signer(key);
  const Time now = from_millis(1'790'000'000'000);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CHECK_INVARIANT(!signer.verify(text, now).ok(), "accepted a token that nobody signed");

  // Past the signature: header and claims of any shape, properly signed.
  const size_t split = text.find('\n');
  if (split == std::string_view::npos) return 0;
  std::string token = base64url_encode(text.substr(0, split));
  token.append(".").append(base64url_encode(text.substr(split + 1)));
  token.append(".").append(base64url_encode(as_bytes(hmac_sha256(key, token))));
  if (const auto claims = signer.verify(token, now)) {
    CHECK_INVARIANT(claims->topics.size() <= kTokenTopicsMax);
    CHECK_INVARIANT(claims->issued_at <= now && now < claims->expires_at);
    const std::string again = signer.sign(*claims);
    if (again.size() <= kTokenBytesMax) {
      const auto read = signer.verify(again, now);
      CHECK_INVARIANT(read.ok() && *read == *claims);
    }
  }
  return 0;
}
