// Records as the API shows them. Internal to this folder.
#pragma once

#include <optional>
#include <string_view>

#include "schema/json.h"
#include "storage/journal.h"

namespace stepwell::server {

// The next member, if there is a time.
void write_time(JsonWriter& json, std::string_view key, Time time);
void write_time(JsonWriter& json, std::string_view key, std::optional<Time> time);

// {"id":…,"internal_id":…,"name":…,"ts":…,"received_at":…,"data":…,"user":…,"v"?:…}
void write_event(JsonWriter& json, const EventRecord& event);

// {"id":…,"name":…}: the event at a position, shortly; null if it is gone.
Result<void> write_event_name(JsonWriter& json, storage::JournalReader& reader, Position pos);

enum class RunDetail : uint8_t {
  kBrief,  // {"id":…,"function":…,"status":…}
  kRow,    // and its times, its output or its error
  kFull,   // and its attempts, where it came from
};
// The members of a run, without braces, so that a caller can add its own.
void write_run_members(JsonWriter& json, const RunRecord& run, RunDetail detail);
void write_run(JsonWriter& json, const RunRecord& run, RunDetail detail);

// The run of this number; nothing if there is none.
Result<std::optional<RunRecord>> run_at(storage::JournalReader& reader, RunNo no);

// {"number":…,"started_at":…,"ended_at":…,"error":…,"retry_at"?:…,"led_to"?:…}; numbers count from
// 1. `led_to`: of an attempt of the function itself the step that the next one asked for; empty:
// none.
void write_attempt(JsonWriter& json, const AttemptRecord& attempt, std::string_view led_to = {});

// Ends an answer that lists: ],"cursor":…}.
void end_list(JsonWriter& json, std::optional<Position> cursor);

}  // namespace stepwell::server
