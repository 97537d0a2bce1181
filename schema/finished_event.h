// The data of the events that the end of a run makes (protocol.md, "Internal events"). It is not
// stored: it is built from the run's own row whenever such an event is looked at.
#pragma once

#include <string>
#include <vector>

#include "schema/event.h"
#include "schema/run.h"

namespace stepwell {

// {"function_id", "run_id", "event", "events", "error"?, "result"?, "_inngest":{"status"}} of an
// ended run. `events` are those that triggered it, the first first.
std::string finished_event_data(const RunRecord& run, const std::vector<Event>& events);

}  // namespace stepwell
