#include "engine/core/input.h"

namespace stepwell::core {

bool is_essential(const Input& input) {
  // What was read and timers only move what is there; a reply may end a run.
  return std::holds_alternative<CancelRun>(input) || std::holds_alternative<RunLoaded>(input) ||
         std::holds_alternative<CallReplied>(input) || std::holds_alternative<EventsRead>(input) ||
         std::holds_alternative<TimePassed>(input);
}

void attach(Input& input, LookupResult result) {
  if (auto* accept = std::get_if<AcceptEvents>(&input)) {
    size_t next = 0;
    for (AcceptEvents::Item& item : accept->events) {
      if (item.event.id.empty() && !item.seeded) continue;
      item.history = std::move(result.histories.at(next++));
    }
  } else if (auto* reply = std::get_if<CallReplied>(&input)) {
    reply->histories = std::move(result.histories);
  } else if (auto* cancel = std::get_if<CancelRun>(&input)) {
    cancel->ended = std::move(result.run);
  } else if (auto* rerun = std::get_if<RerunRun>(&input)) {
    rerun->source = std::move(result.snapshot);
  } else if (auto* read = std::get_if<EventsRead>(&input)) {
    read->histories = std::move(result.histories);
  }
}

}  // namespace stepwell::core
