#include "api/sdk/signature.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>

#include "schema/encoding.h"

namespace stepwell::sdk {
namespace {

std::string mac_of(const server::SigningKey& key, std::string_view body, int64_t seconds) {
  const std::string message = fmt::format("{}{}", body, seconds);
  return hex_encode(as_bytes(hmac_sha256(key.reveal(), message)));
}

int64_t seconds_of(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

struct Signature {
  int64_t seconds = 0;
  std::string_view mac;
};

// The value of `name` in "a=1&b=2".
std::optional<std::string_view> part_of(std::string_view field, std::string_view name) {
  for (size_t at = 0; at < field.size();) {
    const size_t end = std::min(field.find('&', at), field.size());
    const std::string_view part = field.substr(at, end - at);
    if (part.starts_with(name) && part.substr(name.size()).starts_with('=')) {
      return part.substr(name.size() + 1);
    }
    at = end + 1;
  }
  return std::nullopt;
}

std::optional<Signature> parse(std::string_view field) {
  const std::optional<std::string_view> time = part_of(field, "t");
  const std::optional<std::string_view> mac = part_of(field, "s");
  if (!time || !mac) return std::nullopt;
  Signature signature{.mac = *mac};
  const auto [end, error] =
      std::from_chars(time->data(), time->data() + time->size(), signature.seconds);
  if (error != std::errc() || end != time->data() + time->size()) return std::nullopt;
  return signature;
}

Error refused(std::string message) {
  return {ErrorCode::kUnauthorized, std::move(message)};
}

}  // namespace

std::string sign_body(const server::SigningKey& key, std::string_view body, Time now) {
  const int64_t seconds = seconds_of(now);
  return fmt::format("t={}&s={}", seconds, mac_of(key, body, seconds));
}

Result<void> verify_signature(const std::vector<server::SigningKey>& keys, std::string_view field,
                              std::string_view body, Time now) {
  if (field.empty()) return refused("it is not signed");
  const std::optional<Signature> signature = parse(field);
  if (!signature) return refused("its signature is malformed: it must be t=<seconds>&s=<hex>");
  // All are compared, so that the time taken does not say which key it was.
  bool is_known = false;
  for (const server::SigningKey& key : keys) {
    is_known |= constant_time_equal(mac_of(key, body, signature->seconds), signature->mac);
    if (body.ends_with('\n')) {
      const std::string_view line = body.substr(0, body.size() - 1);
      is_known |= constant_time_equal(mac_of(key, line, signature->seconds), signature->mac);
    }
  }
  if (!is_known) return refused("its signature was not made with our signing key");
  const int64_t limit = std::chrono::floor<std::chrono::seconds>(kSignatureAgeMax).count();
  const int64_t now_seconds = seconds_of(now);
  const bool is_near =
      signature->seconds >= now_seconds - limit && signature->seconds <= now_seconds + limit;
  if (!is_near) {
    return refused(
        "its signature is more than five minutes away from our clock: it is old, or a clock is "
        "wrong");
  }
  return {};
}

}  // namespace stepwell::sdk
