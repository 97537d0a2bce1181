// Identifiers. Each kind is a type of its own, so that a run id cannot be passed for an event id.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "schema/time.h"

namespace stepwell {

// A 128-bit identifier that sorts by creation time: 48 bits of milliseconds, 80 random bits,
// written as 26 characters of Crockford's base 32 (the ULID specification).
struct Ulid {
  std::array<uint8_t, 16> bytes{};

  // The random part is `entropy_high` (16 bits), then `entropy_low` (64 bits). Times that 48 bits
  // cannot hold become the nearest that they can.
  static Ulid make(Time time, uint16_t entropy_high, uint64_t entropy_low);
  // Takes both cases; nothing for another length, other characters, or a value over 128 bits.
  static std::optional<Ulid> parse(std::string_view text);

  std::string to_string() const;
  Time time() const;
  bool is_zero() const;
  auto operator<=>(const Ulid&) const = default;
};

struct RunId {
  Ulid ulid;
  std::string to_string() const { return ulid.to_string(); }
  static std::optional<RunId> parse(std::string_view text);
  auto operator<=>(const RunId&) const = default;
};

// The internal id that the engine gives to each accepted copy of an event.
struct EventId {
  Ulid ulid;
  std::string to_string() const { return ulid.to_string(); }
  static std::optional<EventId> parse(std::string_view text);
  auto operator<=>(const EventId&) const = default;
};

// The key of a step inside its run: the SHA-1 of the step's id, with ":N" appended to the id for
// its N-th repeat (the SDK protocol's rule). Written as 40 lower-case hexadecimal digits.
struct StepKey {
  std::array<uint8_t, 20> bytes{};

  static StepKey of(std::string_view step_id);
  static std::optional<StepKey> parse(std::string_view hex);
  std::string to_string() const;
  auto operator<=>(const StepKey&) const = default;
};

// The name of a function in its environment, "app-function" for functions of an SDK's app.
struct FunctionId {
  std::string slug;
  auto operator<=>(const FunctionId&) const = default;
};

}  // namespace stepwell

template <>
struct std::hash<stepwell::Ulid> {
  size_t operator()(const stepwell::Ulid& ulid) const noexcept;
};
template <>
struct std::hash<stepwell::RunId> {
  size_t operator()(const stepwell::RunId& id) const noexcept {
    return std::hash<stepwell::Ulid>{}(id.ulid);
  }
};
template <>
struct std::hash<stepwell::EventId> {
  size_t operator()(const stepwell::EventId& id) const noexcept {
    return std::hash<stepwell::Ulid>{}(id.ulid);
  }
};
template <>
struct std::hash<stepwell::FunctionId> {
  size_t operator()(const stepwell::FunctionId& id) const noexcept {
    return std::hash<std::string>{}(id.slug);
  }
};
template <>
struct std::hash<stepwell::StepKey> {
  size_t operator()(const stepwell::StepKey& key) const noexcept;
};
