#include "schema/ids.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "schema/encoding.h"

namespace stepwell {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr size_t kUlidLength = 26;
constexpr int64_t kMostMillis = (int64_t{1} << 48) - 1;
constexpr uint8_t kNoDigit = 0xFF;

constexpr std::array<uint8_t, 256> kCrockfordDigits = [] {
  std::array<uint8_t, 256> table{};
  table.fill(kNoDigit);
  for (size_t i = 0; i < kCrockford.size(); ++i) {
    const auto upper = static_cast<uint8_t>(kCrockford[i]);
    table[upper] = static_cast<uint8_t>(i);
    if (upper >= 'A') table[upper + ('a' - 'A')] = static_cast<uint8_t>(i);
  }
  return table;
}();

// A 128-bit number, shifted by five bits a digit.
struct Bits {
  uint64_t high = 0;
  uint64_t low = 0;
};

Bits load(const std::array<uint8_t, 16>& bytes) {
  Bits bits;
  for (size_t i = 0; i < 8; ++i) bits.high = (bits.high << 8) | bytes[i];
  for (size_t i = 8; i < 16; ++i) bits.low = (bits.low << 8) | bytes[i];
  return bits;
}

std::array<uint8_t, 16> store(Bits bits) {
  std::array<uint8_t, 16> bytes{};
  for (size_t i = 8; i-- > 0; bits.high >>= 8) bytes[i] = static_cast<uint8_t>(bits.high);
  for (size_t i = 16; i-- > 8; bits.low >>= 8) bytes[i] = static_cast<uint8_t>(bits.low);
  return bytes;
}

// Spreads every bit over the whole word (the finaliser of MurmurHash3).
uint64_t mix(uint64_t word) {
  word = (word ^ (word >> 33)) * 0xFF51AFD7ED558CCD;
  word = (word ^ (word >> 33)) * 0xC4CEB9FE1A85EC53;
  return word ^ (word >> 33);
}

}  // namespace

Ulid Ulid::make(Time time, uint16_t entropy_high, uint64_t entropy_low) {
  const auto millis = static_cast<uint64_t>(std::clamp<int64_t>(to_millis(time), 0, kMostMillis));
  return Ulid{store({(millis << 16) | entropy_high, entropy_low})};
}

std::optional<Ulid> Ulid::parse(std::string_view text) {
  if (text.size() != kUlidLength) return std::nullopt;
  Bits bits;
  for (size_t i = 0; i < kUlidLength; ++i) {
    const uint8_t digit = kCrockfordDigits[static_cast<uint8_t>(text[i])];
    // 26 digits hold 130 bits; the first digit has room for three of them only.
    if (digit == kNoDigit || (i == 0 && digit > 7)) return std::nullopt;
    bits.high = (bits.high << 5) | (bits.low >> 59);
    bits.low = (bits.low << 5) | digit;
  }
  return Ulid{store(bits)};
}

std::string Ulid::to_string() const {
  Bits bits = load(bytes);
  std::string text(kUlidLength, '0');
  for (size_t i = kUlidLength; i-- > 0;) {
    text[i] = kCrockford[bits.low & 0x1F];
    bits.low = (bits.low >> 5) | (bits.high << 59);
    bits.high >>= 5;
  }
  return text;
}

Time Ulid::time() const {
  return from_millis(static_cast<int64_t>(load(bytes).high >> 16));
}

bool Ulid::is_zero() const {
  return *this == Ulid{};
}

std::optional<RunId> RunId::parse(std::string_view text) {
  const std::optional<Ulid> ulid = Ulid::parse(text);
  if (!ulid) return std::nullopt;
  return RunId{*ulid};
}

std::optional<EventId> EventId::parse(std::string_view text) {
  const std::optional<Ulid> ulid = Ulid::parse(text);
  if (!ulid) return std::nullopt;
  return EventId{*ulid};
}

StepKey StepKey::of(std::string_view step_id) {
  return StepKey{sha1(step_id)};
}

std::optional<StepKey> StepKey::parse(std::string_view hex) {
  StepKey key;
  if (hex.size() != key.bytes.size() * 2) return std::nullopt;
  const std::optional<std::string> bytes = hex_decode(hex);
  if (!bytes) return std::nullopt;
  std::memcpy(key.bytes.data(), bytes->data(), key.bytes.size());
  return key;
}

std::string StepKey::to_string() const {
  return hex_encode(as_bytes(bytes));
}

}  // namespace stepwell

size_t std::hash<stepwell::Ulid>::operator()(const stepwell::Ulid& ulid) const noexcept {
  const stepwell::Bits bits = stepwell::load(ulid.bytes);
  return stepwell::mix(bits.low ^ std::rotl(stepwell::mix(bits.high), 32));
}

size_t std::hash<stepwell::StepKey>::operator()(const stepwell::StepKey& key) const noexcept {
  // A digest is mixed already: any part of it will do.
  size_t value;
  std::memcpy(&value, key.bytes.data(), sizeof(value));
  return value;
}
