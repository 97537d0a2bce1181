// Records of the journal as JSON: in the shapes of the REST API v1, which SDK users know, and in
// ours, which the command line reads. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/function_config.h"
#include "schema/json.h"
#include "storage/journal.h"

namespace stepwell::server {

// {"data":…,"metadata":{"fetched_at":…,"cached_until":null}}; `data` is raw JSON.
std::string envelope(std::string_view data, Time now);

// The UUID that stands for a name in the API (version 5: the same name, the same UUID).
std::string uuid_of(std::string_view name);

// -- REST v1
// ----------------------------------------------------------------------------------------

// `record.event.data` must be filled in for events that the end of a run made.
void append_rest_event(JsonWriter& out, const EventRecord& record);

// `event` is the internal id of the run's first event, if it has one.
void append_rest_run(JsonWriter& out, const RunRecord& run, const std::optional<EventId>& event);

// -- Ours
// -------------------------------------------------------------------------------------------

void append_event(JsonWriter& out, const EventRecord& record);

// A line of a list. `event` is the run's first event, if it has one.
void append_run_summary(JsonWriter& out, const RunRecord& run,
                        const std::optional<EventRecord>& event);

// What a trace shows that the run's own snapshot does not hold.
struct TraceExtras {
  std::string moving;               // why an open run does not move; empty: it has ended
  std::optional<RunId> invoked_by;  // the run that invoked it
  std::vector<std::pair<RunNo, RunId>> invoked_runs;           // by its steps
  std::vector<std::pair<Position, EventId>> resolving_events;  // of its waits
};

// Everything of one run: its steps in order, each with its attempts.
void append_trace(JsonWriter& out, const storage::RunSnapshot& snapshot, const TraceExtras& extras);

void append_function(JsonWriter& out, const storage::StoredFunction& function);

}  // namespace stepwell::server
