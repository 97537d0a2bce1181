#include "storage/event_data.h"

#include <fmt/core.h>

#include <vector>

#include "schema/finished_event.h"

namespace stepwell::storage {
namespace {

// A run that the end of another run triggered is quiet: its own end makes no events. So data refers
// to data once or twice; more is a damaged journal.
constexpr int kMaxDepth = 4;

Error missing(const EventRecord& event, std::string_view what, uint64_t number) {
  return Error{ErrorCode::kCorrupt, fmt::format("event {} is of run {}: {} {} is missing",
                                                event.pos, event.of_run, what, number)};
}

Result<void> fill(EventRecord& event, const EventDataSource& source, int depth) {
  if (event.of_run == 0) return {};
  if (depth > kMaxDepth) return missing(event, "an end to the references of run", event.of_run);
  Result<std::optional<RunRecord>> run = source.run(event.of_run);
  if (!run) return run.error();
  if (!run->has_value()) return missing(event, "run", event.of_run);
  std::vector<Event> triggers;
  for (Position pos : (*run)->events) {
    Result<std::optional<EventRecord>> trigger = source.event(pos);
    if (!trigger) return trigger.error();
    if (!trigger->has_value()) return missing(event, "event", pos);
    if (auto filled = fill(**trigger, source, depth + 1); !filled) return filled;
    triggers.push_back(std::move((*trigger)->event));
  }
  event.event.data = finished_event_data(**run, triggers);
  return {};
}

}  // namespace

Result<void> fill_event_data(EventRecord& event, const EventDataSource& source) {
  return fill(event, source, 0);
}

}  // namespace stepwell::storage
