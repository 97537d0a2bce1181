// The data of events that the end of a run made: they are stored by reference to the run.
#pragma once

#include <functional>
#include <optional>

#include "schema/result.h"
#include "schema/run.h"

namespace stepwell::storage {

// How a reader looks at its own tables.
struct EventDataSource {
  std::function<Result<std::optional<RunRecord>>(RunNo)> run;
  std::function<Result<std::optional<EventRecord>>(Position)> event;  // as stored
};

// Fills in `event.event.data` if `event.of_run` says that it is stored by reference. kCorrupt if
// that run, or an event that triggered it, is not there.
Result<void> fill_event_data(EventRecord& event, const EventDataSource& source);

}  // namespace stepwell::storage
