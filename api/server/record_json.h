// Records of the journal as JSON, in the shapes of the REST API v1, which SDK users know. Pure.
// (Our own shapes are in inspect/.)
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/json.h"
#include "storage/journal.h"

namespace stepwell::server {

// {"data":…,"metadata":{"fetched_at":…,"cached_until":null}}; `data` is raw JSON.
std::string envelope(std::string_view data, Time now);

// The UUID that stands for a name in the API (version 5: the same name, the same UUID).
std::string uuid_of(std::string_view name);

// `record.event.data` must be filled in for events that the end of a run made.
void append_rest_event(JsonWriter& out, const EventRecord& record);

// `event` is the internal id of the run's first event, if it has one.
void append_rest_run(JsonWriter& out, const RunRecord& run, const std::optional<EventId>& event);

}  // namespace stepwell::server
