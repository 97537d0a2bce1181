#include "tests/simulation/history.h"

#include <fmt/core.h>

#include <algorithm>
#include <type_traits>

#include "schema/finished_event.h"

namespace stepwell::sim {
namespace {

using Fault = std::optional<std::string>;

Fault put_event(History& history, const storage::PutEvent& put) {
  const EventRecord& event = put.event;
  if (!history.events.emplace(event.pos, event).second) {
    return fmt::format("an event at position {} exists", event.pos);
  }
  if (event.has_user_id) history.copies[event.event.id].push_back(event.pos);
  return {};
}

Fault put_run(History& history, const storage::PutRun& put) {
  const RunRecord& run = put.run;
  if (!history.runs.emplace(run.no, run).second) return fmt::format("run {} exists", run.no);
  if (!history.run_by_id.emplace(run.id, run.no).second) {
    return fmt::format("a run of id {} exists", run.id.to_string());
  }
  history.run_numbers.push_back(run.no);
  if (!run.event_id.empty()) history.started[run.event_id].push_back(run.no);
  return {};
}

Fault update_run(History& history, const storage::UpdateRun& update) {
  auto found = history.runs.find(update.run.no);
  if (found == history.runs.end()) return fmt::format("there is no run {}", update.run.no);
  RunRecord& run = found->second;
  if (is_terminal(run.status)) return fmt::format("run {} has ended", run.no);
  RunRecord next = update.run;
  next.id = run.id;
  next.function = run.function;
  next.events = run.events;
  next.event_id = run.event_id;
  next.created_at = run.created_at;
  next.start_at = run.start_at;
  next.invoked_by = run.invoked_by;
  next.rerun_of = run.rerun_of;
  next.end_events = run.end_events;
  next.flow = run.flow;
  run = std::move(next);
  return {};
}

Fault put_step(History& history, const storage::PutStep& put) {
  const StepRecord& step = put.step;
  if (!history.step_by_key.try_emplace({step.run, step.key}, step.pos).second) {
    return fmt::format("run {} has a step \"{}\"", step.run, step.id);
  }
  if (!history.steps[step.run].emplace(step.pos, step).second) {
    return fmt::format("run {} has a step at {}", step.run, step.pos);
  }
  if (step.resolved_event != 0) history.resumed[step.resolved_event].push_back(step.run);
  return {};
}

Fault update_step(History& history, const storage::UpdateStep& update) {
  auto& of_run = history.steps[update.step.run];
  auto found = of_run.find(update.step.pos);
  if (found == of_run.end()) {
    return fmt::format("run {} has no step at {}", update.step.run, update.step.pos);
  }
  StepRecord& step = found->second;
  if (step.state != StepState::kPending) {
    return fmt::format("step \"{}\" of run {} is not pending", step.id, step.run);
  }
  StepRecord next = update.step;
  next.key = step.key;
  next.id = step.id;
  next.kind = step.kind;
  next.registered_at = step.registered_at;
  next.target = step.target;
  next.expression = step.expression;
  step = std::move(next);
  if (step.resolved_event != 0) history.resumed[step.resolved_event].push_back(step.run);
  return {};
}

Fault drop_pending(History& history, const storage::DropPendingSteps& drop) {
  for (auto& [pos, step] : history.steps[drop.run]) {
    if (step.state != StepState::kPending) continue;
    step.state = StepState::kDropped;
    step.resolved_pos = drop.pos;
    step.resolved_at = drop.at;
    step.data.clear();
  }
  return {};
}

Fault put_attempt(History& history, const storage::PutAttempt& put) {
  const AttemptRecord& attempt = put.attempt;
  if (!history.attempts[attempt.run].emplace(attempt.pos, attempt).second) {
    return fmt::format("an attempt at position {} exists", attempt.pos);
  }
  return {};
}

Fault put_message(History& history, const storage::PutMessage& put) {
  if (!history.messages.emplace(put.message.pos, put.message).second) {
    return fmt::format("a message at position {} exists", put.message.pos);
  }
  return {};
}

}  // namespace

RunNo run_of(const storage::Record& record) {
  return std::visit(
      [](const auto& value) -> RunNo {
        if constexpr (requires { value.step.run; }) return value.step.run;
        if constexpr (requires { value.attempt.run; }) return value.attempt.run;
        if constexpr (requires { value.run.no; }) return value.run.no;
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, storage::DropPendingSteps>) {
          return value.run;
        }
        return 0;
      },
      record);
}

std::optional<std::string> History::apply(const storage::Record& record) {
  return std::visit(
      [this](const auto& value) -> Fault {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, storage::PutEvent>) return put_event(*this, value);
        if constexpr (std::is_same_v<T, storage::PutRun>) return put_run(*this, value);
        if constexpr (std::is_same_v<T, storage::UpdateRun>) return update_run(*this, value);
        if constexpr (std::is_same_v<T, storage::PutStep>) return put_step(*this, value);
        if constexpr (std::is_same_v<T, storage::UpdateStep>) return update_step(*this, value);
        if constexpr (std::is_same_v<T, storage::DropPendingSteps>) {
          return drop_pending(*this, value);
        }
        if constexpr (std::is_same_v<T, storage::PutAttempt>) return put_attempt(*this, value);
        if constexpr (std::is_same_v<T, storage::PutFunction>) {
          functions[value.config.id.slug] = {value.config, value.archived};
        }
        if constexpr (std::is_same_v<T, storage::PutFlowState>) flow_states[value.key] = value;
        if constexpr (std::is_same_v<T, storage::DropFlowState>) {
          std::erase_if(flow_states, [&](const auto& each) {
            const storage::FlowStateKey& key = each.first;
            return key.function == value.function && key.kind == value.kind &&
                   key.key == value.key && key.pos >= value.from && key.pos <= value.up_to;
          });
        }
        if constexpr (std::is_same_v<T, storage::PutMessage>) return put_message(*this, value);
        if constexpr (std::is_same_v<T, storage::DropMessages>) {
          messages.erase(messages.begin(), messages.upper_bound(value.through));
          messages_dropped = std::max(messages_dropped, value.through);
        }
        return {};
      },
      record);
}

const RunRecord* History::find_run(RunNo no) const {
  auto found = runs.find(no);
  return found == runs.end() ? nullptr : &found->second;
}

const StepRecord* History::find_step(RunNo no, const StepKey& key) const {
  auto found = step_by_key.find({no, key});
  return found == step_by_key.end() ? nullptr : &steps.at(no).at(found->second);
}

EventRecord History::shown(const EventRecord& event) const {
  EventRecord result = event;
  if (event.of_run == 0) return result;
  const RunRecord& run = runs.at(event.of_run);
  std::vector<Event> triggers;
  for (Position pos : run.events) triggers.push_back(shown(events.at(pos)).event);
  result.event.data = finished_event_data(run, triggers);
  return result;
}

}  // namespace stepwell::sim
