#include "api/server/secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

namespace stepwell::server {
namespace {

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Takes "signkey-<word>-" off.
std::string_view without_prefix(std::string_view text) {
  constexpr std::string_view kPrefix = "signkey-";
  if (!text.starts_with(kPrefix)) return text;
  const size_t end = text.find('-', kPrefix.size());
  if (end == std::string_view::npos || end == kPrefix.size()) return text;
  const std::string_view word = text.substr(kPrefix.size(), end - kPrefix.size());
  return std::all_of(word.begin(), word.end(), is_word_byte) ? text.substr(end + 1) : text;
}

}  // namespace

Secret::Secret(std::string text) : text_(std::move(text)), digest_(sha256(text_)) {}

Secret::~Secret() {
  text_.resize(text_.capacity());  // a moved-from short text is still there, behind its end
  OPENSSL_cleanse(text_.data(), text_.size());
  OPENSSL_cleanse(digest_.data(), digest_.size());
}

bool Secret::matches(std::string_view shown) const {
  // Digests have one length, and how they differ says nothing about how the texts do.
  const Sha256 digest = sha256(shown);
  return constant_time_equal(as_bytes(digest_), as_bytes(digest));
}

Result<SigningKey> SigningKey::parse(std::string_view text) {
  const std::string_view key = without_prefix(text);
  const std::optional<std::string> bytes = hex_decode(key);
  if (!bytes || bytes->empty()) {
    return Error{ErrorCode::kInvalid,
                 "the signing key must be hexadecimal, with an even number of digits (a prefix "
                 "like \"signkey-prod-\" may stand before it); \"openssl rand -hex 32\" makes one"};
  }
  return SigningKey(Secret(std::string(key)), Secret(sha256_hex(*bytes)));
}

bool SigningKey::accepts(std::string_view bearer) const {
  const std::string_view shown = without_prefix(bearer);
  // Both are always compared.
  const bool is_key = key_.matches(shown);
  const bool is_hash = hashed_.matches(shown);
  return is_key || is_hash;
}

std::string derive_key(std::string_view key, std::string_view purpose) {
  return std::string(as_bytes(hmac_sha256(key, purpose)));
}

}  // namespace stepwell::server
