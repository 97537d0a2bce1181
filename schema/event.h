// Events: facts that came in. They trigger runs, resolve waits and cancel runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/ids.h"
#include "schema/time.h"

namespace stepwell {

// An event as functions see it. `data` and `user` are raw JSON objects.
struct Event {
  std::string name;
  std::string id;  // the sender's id, or the text of the internal id when the sender gave none
  std::string data = "{}";
  std::string user = "{}";
  std::string version;  // "v" on the wire; empty: absent
  Time ts{};            // when it happened, as the sender says; the time of receipt otherwise
};

// How many bytes its texts have.
size_t text_bytes(const Event& event);

// {"data":…,"id":…,"name":…,"ts":…,"user":…,"v":…}: what functions and the API are shown.
std::string event_json(const Event& event);

// Names that start with "inngest/" (any case) are the engine's own.
bool is_internal_event_name(std::string_view name);

inline constexpr std::string_view kFunctionFinished = "inngest/function.finished";
inline constexpr std::string_view kFunctionFailed = "inngest/function.failed";
inline constexpr std::string_view kFunctionCancelled = "inngest/function.cancelled";
inline constexpr std::string_view kFunctionInvoked = "inngest/function.invoked";
inline constexpr std::string_view kScheduledTimer = "inngest/scheduled.timer";

}  // namespace stepwell
