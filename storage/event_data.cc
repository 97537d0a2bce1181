#include "storage/event_data.h"

#include <fmt/core.h>

#include <vector>

#include "schema/finished_event.h"

namespace stepwell::storage {
namespace {

Error missing(const EventRecord& event, std::string_view what, uint64_t number) {
  return Error{ErrorCode::kCorrupt, fmt::format("event {} is of run {}: {} {} is missing",
                                                event.pos, event.of_run, what, number)};
}

}  // namespace

// What was recorded refers to what was recorded before it: that ends, however far it goes.
Result<void> fill_event_data(EventRecord& event, const EventDataSource& source) {
  if (event.of_run == 0) return {};
  if (event.of_run >= event.pos) return missing(event, "an earlier run than", event.of_run);
  Result<std::optional<RunRecord>> run = source.run(event.of_run);
  if (!run) return run.error();
  if (!run->has_value()) return missing(event, "run", event.of_run);
  std::vector<Event> triggers;
  for (Position pos : (*run)->events) {
    Result<std::optional<EventRecord>> trigger = source.event(pos);
    if (!trigger) return trigger.error();
    if (!trigger->has_value() || pos >= event.of_run) return missing(event, "event", pos);
    if (auto filled = fill_event_data(**trigger, source); !filled) return filled;
    triggers.push_back(std::move((*trigger)->event));
  }
  event.event.data = finished_event_data(**run, triggers);
  return {};
}

}  // namespace stepwell::storage
