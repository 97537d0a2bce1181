// A debounce or a batch is over: its events are read, and start a run.
//
//   due, or full ──► closed, its events are being read ──(read)──► its rows go, a run starts
//                                                      ──(read failed)──► read again
//                ──► gone without a run, if its function is no more
//
// Dropping the rows and starting the run are one transition: after a crash in between the rows are
// there, and it all happens again.
#include <fmt/core.h>

#include <algorithm>

#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

using How = State::Started::How;
using Source = State::NewRun::Source;
using storage::FlowKind;

// A copy of the event has started a run of the function since this one came.
bool has_started(const storage::EventHistory& history, const FunctionId& function) {
  return std::any_of(history.started.begin(), history.started.end(),
                     [&](const auto& started) { return started.function == function; });
}

}  // namespace

void State::fire_intake(const Timer& timer) {
  if (timer.kind == Timer::Kind::kRateLimit) {
    if (timer.due == rate_alarm_) forget_idle_rates();
    return;
  }
  if (timer.kind == Timer::Kind::kBatch) {
    flow::EventBatch* batch = batches_.find(timer.subject);
    if (batch != nullptr && !batch->is_closed) read_batch(*batch);
    return;
  }
  flow::DebounceWindow* window = debounces_.find(timer.subject);
  if (window == nullptr || window->is_closed || window->alarm != timer.due) return;
  if (window->due <= now_) return read_debounced(*window);
  window->alarm = Time{};
  arm_debounce(*window);
}

void State::read_debounced(flow::DebounceWindow& window) {
  if (const std::string why = why_never_started(window.place.function); !why.empty()) {
    const std::optional<InvokedBy> invoker = window.invoker;
    forget_debounce(window);
    if (invoker) fail_invokers({*invoker}, why);
    return;
  }
  debounces_.close(window);
  effect(ReadEvents{FlowKind::kDebounce, window.no, {window.event}});
}

void State::read_batch(flow::EventBatch& batch) {
  if (const std::string why = why_never_started(batch.place.function); !why.empty()) {
    const std::vector<InvokedBy> invokers = batch.invokers;
    forget_batch(batch);
    return fail_invokers(invokers, why);
  }
  batches_.close(batch);
  effect(ReadEvents{FlowKind::kBatch, batch.no, batch.events});
}

std::string State::why_never_started(const std::string& slug) const {
  const Function* function = functions_.find(slug);
  if (function != nullptr && !function->is_archived) return "";
  return fmt::format("function \"{}\" is not registered any more", slug);
}

void State::forget_debounce(const flow::DebounceWindow& window) {
  if (!mutant("debounce-fires-twice")) {
    drop_flow(FlowKind::kDebounce, window.place, window.no, window.no);
  }
  debounces_.remove(window.no);
}

void State::forget_batch(const flow::EventBatch& batch) {
  drop_flow(FlowKind::kBatch, batch.place, batch.no, batch.no);
  for (const flow::RowRange& rows : batch.rows) {
    drop_flow(FlowKind::kBatchEvent, {batch.place.function, ""}, rows.from, rows.up_to);
  }
  batches_.remove(batch.no);
}

void State::events_read(EventsRead input) {
  if (input.kind == FlowKind::kDebounce) {
    flow::DebounceWindow* window = debounces_.find(input.no);
    // An answer to another life of the core: this one has not asked yet.
    if (window == nullptr || !window->is_closed) return;
    Function* function = functions_.find(window->place.function);
    std::vector<InvokedBy> invokers;
    if (window->invoker) invokers.push_back(*window->invoker);
    forget_debounce(*window);
    return start_gathered(std::move(input), *function, std::move(invokers), std::nullopt);
  }
  flow::EventBatch* batch = batches_.find(input.no);
  if (batch == nullptr || !batch->is_closed) return;
  Function* function = functions_.find(batch->place.function);
  std::vector<InvokedBy> invokers = std::move(batch->invokers);
  const Time opened_at = batch->opened_at;
  forget_batch(*batch);
  start_gathered(std::move(input), *function, std::move(invokers), opened_at);
}

void State::start_gathered(EventsRead input, Function& function, std::vector<InvokedBy> invokers,
                           std::optional<Time> batched_at) {
  if (const std::string why = why_never_started(function.config.id.slug); !why.empty()) {
    return fail_invokers(invokers, why);  // it was taken away while its events were read
  }
  NewRun request{.source = batched_at ? Source::kBatch : Source::kDebounce,
                 .function = &function,
                 .start_at = now_,
                 .invokers = invokers};
  request.flow.batched_at = batched_at;
  size_t next_history = 0;
  for (EventsRead::Item& item : input.events) {
    if (!item.event) {
      skip_run({.source = request.source, .function = &function, .positions = {item.pos}},
               "what is stored of the event is damaged: " + item.event.error().message);
      continue;
    }
    EventRecord& record = *item.event;
    const bool has_history = record.has_user_id && next_history < input.histories.size();
    const storage::EventHistory* history = has_history ? &input.histories[next_history++] : nullptr;
    // What came with its id a day later is an event of its own, and says nothing about this one.
    const bool may_have_copies = record.received_at + kDeduplicationWindow > now_;
    if (history != nullptr && may_have_copies && has_started(*history, function.config.id))
      continue;
    request.positions.push_back(record.pos);
    request.events.push_back(std::move(record.event));
    if (request.events.size() > 1) continue;
    const Event& first = request.events.front();
    const bool is_known = record.has_user_id || is_internal_event_name(first.name);
    if (is_known) request.event_id = first.id;
    if (!batched_at) request.start_at = std::max(first.ts, now_);
  }
  Started started{.how = How::kDropped, .why = "its event started another run or is damaged"};
  if (!request.events.empty()) started = trigger(std::move(request));
  if (started.how != How::kStarted) fail_invokers(invokers, started.why);
}

}  // namespace stepwell::core
