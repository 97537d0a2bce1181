// The check of the journal in memory: the same rules between records that the SQLite journal has.
#include <fmt/core.h>

#include <algorithm>

#include "storage/memory/memory_reader.h"

namespace stepwell::storage {
namespace {

using Findings = std::vector<std::string>;

void check_run(const MemoryStore& store, const RunRecord& run, Findings& findings) {
  if (!store.functions().contains(run.function.slug)) {
    findings.push_back(
        fmt::format("run {} is of function {}, which is missing", run.no, run.function.slug));
  }
  for (Position event : run.events) {
    if (store.event(event) != nullptr) continue;
    findings.push_back(
        fmt::format("run {} was triggered by event {}, which is missing", run.no, event));
  }
}

void check_pending(const MemoryStore& store, const StepRecord& step, Findings& findings) {
  const Checked<RunRecord>* run = store.run(step.run);
  if (step.state == StepState::kPending && (run == nullptr || is_terminal(run->record.status))) {
    findings.push_back(fmt::format("step {} is pending, but its run {} is {}", step.pos, step.run,
                                   run == nullptr ? "missing" : "over"));
  }
}

void check_step(const MemoryStore& store, const StepRecord& step, Findings& findings) {
  auto report = [&](std::string_view fault) {
    findings.push_back(fmt::format("step {} {}", step.pos, fault));
  };
  bool is_pending = step.state == StepState::kPending;
  if (store.run(step.run) == nullptr) report("belongs to a run that is missing");
  if (is_pending && step.resolved_pos != 0) report("is pending and resolved at once");
  if (!is_pending && step.resolved_pos < step.pos) report("is resolved, but not at a position");
  if (step.resolved_event != 0 && store.event(step.resolved_event) == nullptr) {
    report("was resolved by an event that is missing");
  }
  if (step.invoked_run != 0 && store.run(step.invoked_run) == nullptr) {
    report("invoked a run that is missing");
  }
}

void check_event(const MemoryStore& store, const EventRecord& event, Findings& findings) {
  if (event.of_run == 0) return;
  const Checked<RunRecord>* run = store.run(event.of_run);
  if (run != nullptr && is_terminal(run->record.status)) return;
  findings.push_back(fmt::format("event {} is of the end of run {}, which is {}", event.pos,
                                 event.of_run, run == nullptr ? "missing" : "open"));
}

void check_flow_state(const MemoryStore& store, const Checked<FlowState>& state,
                      Findings& findings) {
  const std::string& function = state.record.key.function;
  if (checksum_of(state.record) != state.checksum) {
    findings.push_back(
        fmt::format("a flow state of function \"{}\" is damaged: its checksum is wrong", function));
  }
  if (store.functions().contains(function)) return;
  findings.push_back(fmt::format("a flow state is of function {}, which is missing", function));
}

template <typename Table>
void check_table(const Table& table, std::string_view name, Position last_pos, Findings& findings) {
  for (const auto& [pos, checked] : table) {
    if (checksum_of(checked.record) == checked.checksum) continue;
    findings.push_back(fmt::format("{} {} is damaged: its checksum is wrong", name, pos));
  }
  if (table.empty() || table.rbegin()->first <= last_pos) return;
  findings.push_back(fmt::format("position {} is above the last one given out, {}",
                                 table.rbegin()->first, last_pos));
}

}  // namespace

Result<std::vector<std::string>> MemoryReader::check(bool deep) {
  return in_call<Findings>([&]() -> Result<Findings> {
    Findings findings;
    for (const auto& [pos, step] : store().steps()) check_pending(store(), step.record, findings);
    if (!deep) return findings;
    for (const auto& [pos, event] : store().events()) check_event(store(), event.record, findings);
    for (const auto& [no, run] : store().runs()) check_run(store(), run.record, findings);
    for (const auto& [pos, step] : store().steps()) check_step(store(), step.record, findings);
    for (const auto& [pos, attempt] : store().attempts()) {
      if (store().run(attempt.record.run) != nullptr) continue;
      findings.push_back(
          fmt::format("attempt {} belongs to run {}, which is missing", pos, attempt.record.run));
    }
    for (const auto& [key, state] : store().flow_states()) {
      check_flow_state(store(), state, findings);
    }
    check_table(store().events(), "event", store().last_pos, findings);
    check_table(store().runs(), "run", store().last_pos, findings);
    check_table(store().steps(), "step", store().last_pos, findings);
    check_table(store().attempts(), "attempt", store().last_pos, findings);
    check_table(store().messages(), "message", store().last_pos, findings);
    return findings;
  });
}

}  // namespace stepwell::storage
