// How apps and the server prove to each other that they share a signing key: an HMAC of a body and
// a time, in the field X-Inngest-Signature.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/server/secret.h"
#include "schema/result.h"
#include "schema/time.h"

namespace stepwell::sdk {

inline constexpr std::string_view kSignatureField = "x-inngest-signature";

// How far the clocks of the two sides may be apart, and how long a signature can be replayed.
inline constexpr Duration kSignatureAgeMax = std::chrono::minutes(5);

// "t=<unix seconds>&s=<hex>" for `body`. A JSON body is sent and signed in its canonical form
// (canonicalize_json), as SDKs bring what they got into that form before they check.
std::string sign_body(const server::SigningKey& key, std::string_view body, Time now);

// Whether `field` signs `body` with one of the keys (the newest first), not long ago. SDKs sign
// what they answer as it is, or without the line end behind it. The error says what is wrong.
Result<void> verify_signature(const std::vector<server::SigningKey>& keys, std::string_view field,
                              std::string_view body, Time now);

}  // namespace stepwell::sdk
