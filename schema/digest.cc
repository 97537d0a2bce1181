// The digests of encoding.h, by OpenSSL. Its one-shot functions look the algorithm up by name at
// each call, which costs more than hashing a short text: each thread keeps contexts that have it
// already.
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <memory>

#include "schema/check.h"
#include "schema/encoding.h"

namespace stepwell {
namespace {

struct Free {
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

// OpenSSL fails here only without memory or without its default provider; nothing can be signed or
// named then, so that counts as broken.
class Hasher {
 public:
  explicit Hasher(const char* name)
      : digest_(EVP_MD_fetch(nullptr, name, nullptr)), context_(EVP_MD_CTX_new()) {
    CHECK_INVARIANT(digest_ != nullptr && context_ != nullptr, "OpenSSL has no such digest");
  }

  template <size_t N>
  std::array<uint8_t, N> hash(std::string_view bytes) {
    std::array<uint8_t, N> result{};
    unsigned length = 0;
    const bool is_done = EVP_DigestInit_ex2(context_.get(), digest_.get(), nullptr) == 1 &&
                         EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1 &&
                         EVP_DigestFinal_ex(context_.get(), result.data(), &length) == 1;
    CHECK_INVARIANT(is_done && length == N, "OpenSSL could not compute a digest");
    return result;
  }

 private:
  std::unique_ptr<EVP_MD, Free> digest_;
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

class Signer {
 public:
  Signer() : mac_(EVP_MAC_fetch(nullptr, "HMAC", nullptr)), context_(EVP_MAC_CTX_new(mac_.get())) {
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    CHECK_INVARIANT(context_ != nullptr && EVP_MAC_CTX_set_params(context_.get(), parameters) == 1,
                    "OpenSSL has no HMAC with SHA-256");
  }

  Sha256 sign(std::string_view key, std::string_view message) {
    // A null pointer would mean the key of the call before.
    const char* key_data = key.empty() ? "" : key.data();
    Sha256 result{};
    size_t length = 0;
    const bool is_done =
        EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(key_data), key.size(),
                     nullptr) == 1 &&
        EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(message.data()),
                       message.size()) == 1 &&
        EVP_MAC_final(context_.get(), result.data(), &length, result.size()) == 1;
    CHECK_INVARIANT(is_done && length == result.size(), "OpenSSL could not sign");
    return result;
  }

 private:
  std::unique_ptr<EVP_MAC, Free> mac_;
  std::unique_ptr<EVP_MAC_CTX, Free> context_;
};

}  // namespace

bool constant_time_equal(std::string_view left, std::string_view right) {
  return left.size() == right.size() &&
         (left.empty() || CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0);
}

Sha1 sha1(std::string_view bytes) {
  thread_local Hasher hasher("SHA1");
  return hasher.hash<20>(bytes);
}

Sha256 sha256(std::string_view bytes) {
  thread_local Hasher hasher("SHA256");
  return hasher.hash<32>(bytes);
}

std::string sha256_hex(std::string_view bytes) {
  return hex_encode(as_bytes(sha256(bytes)));
}

Sha256 hmac_sha256(std::string_view key, std::string_view message) {
  thread_local Signer signer;
  return signer.sign(key, message);
}

}  // namespace stepwell
