#include "engine/core/input.h"

#include <fmt/core.h>

namespace stepwell::core {

bool is_essential(const Input& input) {
  // What was read and timers only move what is there; a reply may end a run.
  return std::holds_alternative<CancelRun>(input) || std::holds_alternative<RunLoaded>(input) ||
         std::holds_alternative<CallReplied>(input) || std::holds_alternative<EventsRead>(input) ||
         std::holds_alternative<TimePassed>(input);
}

// Nobody's own ids begin so by accident.
std::string invocation_id(const FunctionId& function, std::string_view idempotency_key) {
  return fmt::format("inngest/invoke:{}:{}", function.slug, idempotency_key);
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
  } else if (auto* invoke = std::get_if<InvokeDirectly>(&input)) {
    if (!result.histories.empty()) invoke->history = std::move(result.histories.front());
  }
}

}  // namespace stepwell::core
