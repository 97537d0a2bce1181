// Bytes as text (hexadecimal, base64) and the digests and signatures of the protocols. Byte strings
// are std::string and std::string_view. All functions may be called from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stepwell {

// Two lower-case hexadecimal digits a byte. Decoding takes both cases; nothing for anything else.
std::string hex_encode(std::string_view bytes);
std::optional<std::string> hex_decode(std::string_view text);

// RFC 4648: base64 has padding; base64url has "-" and "_" and no padding. Decoding is strict: the
// right alphabet, the right padding, no white space, no stray bits; so one text for each byte
// string.
std::string base64_encode(std::string_view bytes);
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);
std::optional<std::string> base64url_decode(std::string_view text);

// Compares secrets: the time taken depends on the lengths alone.
bool constant_time_equal(std::string_view left, std::string_view right);

using Sha1 = std::array<uint8_t, 20>;
using Sha256 = std::array<uint8_t, 32>;

// A digest as a byte string that borrows it.
template <size_t N>
std::string_view as_bytes(const std::array<uint8_t, N>& digest) {
  return {reinterpret_cast<const char*>(digest.data()), N};
}

// SHA-1 names things in the SDK and WebSocket protocols; it secures nothing here.
Sha1 sha1(std::string_view bytes);
Sha256 sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);
Sha256 hmac_sha256(std::string_view key, std::string_view message);

}  // namespace stepwell
