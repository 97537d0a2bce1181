// The body of POST /e/{key}: one event, or an array of events.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/input.h"
#include "schema/limits.h"

namespace stepwell::server {

inline constexpr size_t kEventsPerRequestMax = 5'000;
inline constexpr size_t kEventBodyBytesMax = 32 * 1024 * 1024;  // the default of a setting

// What a client sends so that a repetition of its request makes the same internal ids:
// "<milliseconds>,<base64 of 10 bytes>" in the field x-inngest-event-id-seed.
struct EventSeed {
  Time time{};
  std::array<uint8_t, 10> entropy{};

  // Nothing if malformed: a bad seed is ignored.
  static std::optional<EventSeed> parse(std::string_view text);
  // The id of the request's `index`-th event, counted from 1.
  EventId id_of(uint32_t index) const;
};

struct EventBody {
  std::vector<core::AcceptEvents::Item> items;  // those before the first bad one
  std::string error;                            // of the first bad one; empty: none
};

// Reads the body as a stream: events before a bad one count, as SDKs know it of upstream. Pure; for
// large bodies call it off the loop.
EventBody parse_event_body(std::string_view body, const std::optional<EventSeed>& seed);

// Reads one event, as the body of an invocation has it: `name` may be missing.
enum class NameRule { kRequired, kIgnored };
Result<Event> parse_event(std::string_view json, NameRule rule);

}  // namespace stepwell::server
