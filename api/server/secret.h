// Keys, and how what a client shows is compared with them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/encoding.h"
#include "schema/result.h"

namespace stepwell::server {

// A text that must not leak: not by printing, not by the time a comparison takes, not by memory
// that is given back with it.
class Secret {
 public:
  explicit Secret(std::string text);
  ~Secret();
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(Secret&&) = default;
  // Use matches().
  bool operator==(const Secret&) const = delete;

  // Whether `shown` is the secret. Takes the same time for any text of one length.
  bool matches(std::string_view shown) const;

  // For signing; never for a message.
  std::string_view reveal() const { return text_; }

 private:
  std::string text_;
  Sha256 digest_;
};

// The key that apps and the server share. Written "signkey-prod-<hex>" or as bare hex.
class SigningKey {
 public:
  // Refuses what is not hexadecimal with an even number of digits: its hash would be undefined.
  static Result<SigningKey> parse(std::string_view text);

  // Whether a bearer token is the key or the hash that SDKs send of it, with or without the prefix.
  bool accepts(std::string_view bearer) const;

  // The key without its prefix: what signatures are made with.
  std::string_view reveal() const { return key_.reveal(); }

 private:
  SigningKey(Secret key, Secret hashed) : key_(std::move(key)), hashed_(std::move(hashed)) {}
  Secret key_;
  Secret hashed_;
};

// A key for one purpose, made from another: whoever learns it learns nothing of the other.
std::string derive_key(std::string_view key, std::string_view purpose);

}  // namespace stepwell::server
