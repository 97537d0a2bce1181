// What may keep an event from starting a run of its own: batching, rate limit, debounce.
//
//   batching    the event joins a batch of its key; the batch starts a run when it is full or due
//   rate limit  a run starts if fewer than the limit have started of its key in the last period
//   debounce    the event waits whether a later one of its key comes; the last one starts a run
//
// Each is decided and written in the transition that takes the event in, so that a crash forgets
// none. Nothing here starts a run: gather.cc does, when a window or a batch is over.
#include <fmt/core.h>

#include "engine/core/state.h"
#include "engine/flow/book_rows.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

using How = State::Started::How;
using Source = State::NewRun::Source;
using storage::FlowKind;

// How many rows of starts that count no more go with one alarm, and how long after each other.
constexpr size_t kIdlePerAlarm = 1000;
constexpr Duration kIdlePause = std::chrono::minutes(1);

constexpr const char* kBatchedAlready = "a copy of the event is in a batch already";
constexpr const char* kDebouncedAlready = "a copy of the event is debounced already";

// Whether flow control sees the run for the first time. What a debounce or a batch starts has been
// let in already, and a person who reruns a run wants that run, now.
bool is_new(Source source) {
  return source == Source::kEvent || source == Source::kCron || source == Source::kInvoke ||
         source == Source::kApi;
}

std::string key_of(const KeyExpression& expression, const std::string& json, Time now) {
  const Result<KeyExpression::Value> value = expression.evaluate(json, now);
  return value ? value->text : failed_key();
}

// An idempotency key is a rate limit of one a day, and takes the place of another.
std::optional<RateLimit> rate_limit_of(const FlowControl& flow) {
  if (!flow.idempotency.empty()) return RateLimit{1, kMaxRateLimitPeriod, flow.idempotency};
  return flow.rate_limit;
}

std::string refusal_of(const Function& function, const RateLimit& limit, const std::string& key,
                       Time admits_at) {
  const std::string& slug = function.config.id.slug;
  const std::string of_key = limit.key.empty() ? "" : fmt::format(" for key \"{}\"", key);
  return fmt::format("rate limited: function \"{}\" starts {} run{} in {}{}; the next may start {}",
                     slug, limit.limit, limit.limit == 1 ? "" : "s", format_duration(limit.period),
                     of_key, format_rfc3339(admits_at));
}

}  // namespace

std::optional<State::Started> State::take_in(NewRun& request) {
  if (!is_new(request.source)) return std::nullopt;
  const Function& function = *request.function;
  const FlowControl& flow = function.config.flow;
  const bool is_batched = flow.batching && request.source != Source::kCron &&
                          function.flow_keys.batch_condition.matches_trigger(request.json, now_);
  if (is_batched) return join_batch(request);
  if (const std::optional<RateLimit> limit = rate_limit_of(flow)) {
    if (std::optional<Started> turned_away = meet_rate_limit(request, *limit)) return turned_away;
  }
  if (flow.debounce) return debounce(request);
  return std::nullopt;
}

// An earlier copy of the event is in a batch or a debounce. Asked before anything else: the rate
// limit counts no copy, and a pause that skipped it would have what is gathered taken for started.
std::optional<State::Started> State::stop_copy(const NewRun& request) const {
  if (request.copies.empty()) return std::nullopt;
  if (batches_.is_copy(request.function->config.id.slug, request.copies)) {
    return Started{.how = How::kDropped, .why = kBatchedAlready};
  }
  if (debounces_.is_copy(debounce_place(request), request.copies)) {
    return Started{.how = How::kDropped, .why = kDebouncedAlready};
  }
  return std::nullopt;
}

// -- Rate limit -----------------------------------------------------------------------------------

std::optional<State::Started> State::meet_rate_limit(NewRun& request, const RateLimit& limit) {
  const Function& function = *request.function;
  const bool is_idempotency = !function.flow_keys.idempotency.empty();
  if (is_idempotency && mutant("idempotency-forgotten")) return std::nullopt;
  const KeyExpression& expression =
      is_idempotency ? function.flow_keys.idempotency : function.flow_keys.rate_limit;
  const Result<KeyExpression::Value> value = expression.evaluate(request.json, now_);
  if (!value) {
    const std::string_view field = is_idempotency ? "idempotency" : "rateLimit.key";
    return skip_run(std::move(request), fmt::format("{}: {}", field, value.error().message));
  }
  if (!expression.empty() && value->is_false) return std::nullopt;
  const flow::Place place{function.config.id.slug, value->text};
  const flow::RateBook::Decision decision = rates_.admit(place, limit, next_pos(), now_);
  if (decision.forgotten_up_to != 0) {
    drop_flow(FlowKind::kRateLimit, place, 0, decision.forgotten_up_to);
  }
  if (!decision.is_admitted) {
    return Started{.how = How::kDropped,
                   .why = refusal_of(function, limit, value->text, *decision.admits_at)};
  }
  write(storage::PutFlowState{{place.function, FlowKind::kRateLimit, place.key, decision.entry.pos},
                              decision.entry.at,
                              flow::row_of(decision.entry)});
  arm_rates();
  return std::nullopt;
}

Duration State::rate_period_of(const std::string& slug) const {
  const Function* function = functions_.find(slug);
  if (function == nullptr) return Duration::zero();
  const std::optional<RateLimit> limit = rate_limit_of(function->config.flow);
  return limit ? limit->period : Duration::zero();
}

void State::arm_rates() {
  if (rate_alarm_ != Time{}) return;
  const std::optional<Time> next = rates_.next_idle();
  if (!next) return;
  rate_alarm_ = std::max(*next, now_ + kIdlePause);
  timers_.add({rate_alarm_, 0, 0, Timer::Kind::kRateLimit});
}

void State::forget_idle_rates() {
  rate_alarm_ = Time{};
  const auto period_of = [this](const std::string& slug) { return rate_period_of(slug); };
  for (const flow::Place& place : rates_.take_idle(now_, kIdlePerAlarm, period_of)) {
    drop_flow(FlowKind::kRateLimit, place, 0, storage::DropFlowState::kAllPositions);
  }
  arm_rates();
}

// -- Debounce -------------------------------------------------------------------------------------

flow::Place State::debounce_place(const NewRun& request) const {
  const Function& function = *request.function;
  return {function.config.id.slug, key_of(function.flow_keys.debounce, request.json, now_)};
}

State::Started State::debounce(NewRun& request) {
  using Became = flow::DebounceBook::Effect;
  const Function& function = *request.function;
  const flow::Place place = debounce_place(request);
  flow::DebounceArrival arrival{.event = request.positions.front(),
                                .ts = request.events.front().ts,
                                .now = now_,
                                .has_user_id = !request.event_id.empty(),
                                .copies = std::move(request.copies)};
  if (!request.invokers.empty()) arrival.invoker = request.invokers.front();
  const flow::DebounceBook::Outcome outcome =
      debounces_.add(place, *function.config.flow.debounce, arrival, next_pos());
  switch (outcome.effect) {
    case Became::kCopy:
      return {.how = How::kDropped, .why = kDebouncedAlready};
    case Became::kOlder:
      return {.how = How::kDropped,
              .why = fmt::format("a later event is debounced by function \"{}\" already",
                                 place.function)};
    case Became::kOpened:
    case Became::kReplaced:
      break;
  }
  put_debounce(*outcome.window);
  if (outcome.displaced) {
    fail_invokers(
        {*outcome.displaced},
        fmt::format("a later event took its place, as function \"{}\" debounces", place.function));
  }
  return {.how = How::kHeld};
}

void State::put_debounce(flow::DebounceWindow& window) {
  write(storage::PutFlowState{
      {window.place.function, FlowKind::kDebounce, window.place.key, window.no},
      window.due,
      flow::row_of(window)});
  arm_debounce(window);
}

// One alarm a window: it is set anew when it goes off and the window has been extended.
void State::arm_debounce(flow::DebounceWindow& window) {
  if (window.alarm != Time{} && window.alarm <= window.due) return;
  window.alarm = window.due;
  timers_.add({window.due, 0, window.no, Timer::Kind::kDebounce});
}

// -- Batching -------------------------------------------------------------------------------------

State::Started State::join_batch(NewRun& request) {
  const Function& function = *request.function;
  const flow::Place place{function.config.id.slug,
                          key_of(function.flow_keys.batching, request.json, now_)};
  const Position no = next_pos();
  flow::BatchedEvent event{.pos = request.positions.front(),
                           .row = next_pos(),
                           .bytes = request.json.size(),
                           .has_user_id = !request.event_id.empty()};
  if (!request.invokers.empty()) event.invoker = request.invokers.front();
  const flow::BatchBook::Outcome outcome =
      batches_.add(place, *function.config.flow.batching, event, request.copies, now_, no);
  if (outcome.is_copy) return {.how = How::kDropped, .why = kBatchedAlready};
  if (outcome.without != nullptr) close_batch(*outcome.without);
  flow::EventBatch& batch = *outcome.batch;
  if (outcome.is_new) {
    put_batch(batch);
    timers_.add({batch.due, 0, batch.no, Timer::Kind::kBatch});
  }
  // The rows of all keys stand in the order of their arrival, so that a commit appends them and
  // does not touch a page for each key.
  write(storage::PutFlowState{{place.function, FlowKind::kBatchEvent, "", event.row},
                              now_,
                              flow::row_of(flow::BatchedEventRow{batch.no, event})});
  if (outcome.is_full) close_batch(batch);
  return {.how = How::kHeld};
}

void State::put_batch(const flow::EventBatch& batch) {
  write(storage::PutFlowState{{batch.place.function, FlowKind::kBatch, batch.place.key, batch.no},
                              batch.due,
                              flow::row_of(batch)});
}

// It is due now, also for a process that starts after a crash.
void State::close_batch(flow::EventBatch& batch) {
  batch.due = now_;
  put_batch(batch);
  read_batch(batch);
}

// -- What they have in common ---------------------------------------------------------------------

void State::drop_flow(FlowKind kind, const flow::Place& place, Position from, Position up_to) {
  write(storage::DropFlowState{
      .function = place.function, .kind = kind, .key = place.key, .up_to = up_to, .from = from});
}

void State::recover_intake(storage::FlowState state) {
  flow::Place place{std::move(state.key.function), std::move(state.key.key)};
  const Position pos = state.key.pos;
  bool is_sound = false;
  if (state.key.kind == FlowKind::kRateLimit) {
    const auto entry = flow::rate_of(pos, state.at, state.data);
    is_sound = entry.has_value();
    const Function* function = functions_.find(place.function);
    const bool is_lost = mutant("idempotency-lost-at-restart") && function != nullptr &&
                         !function->flow_keys.idempotency.empty();
    if (entry && !is_lost && !mutant("rate-limit-forgets-starts"))
      rates_.recover(place, *entry, rate_period_of(place.function));
    arm_rates();
  } else if (state.key.kind == FlowKind::kDebounce) {
    auto window = flow::debounce_of(std::move(place), pos, state.at, state.data);
    is_sound = window.has_value();
    if (window) {
      debounces_.recover(std::move(*window), last_pos_);
      arm_debounce(*debounces_.find(pos));
    }
  } else if (state.key.kind == FlowKind::kBatch) {
    auto batch = flow::batch_of(std::move(place), pos, state.at, state.data);
    is_sound = batch.has_value();
    if (batch) {
      timers_.add({batch->due, 0, batch->no, Timer::Kind::kBatch});
      batches_.recover(std::move(*batch));
    }
  } else {
    const auto row = flow::batched_event_of(pos, state.data);
    is_sound = row.has_value();
    if (row) batches_.recover_event(row->batch, row->event);
  }
  CHECK_INVARIANT(is_sound, "a row of flow state has the form in which it was written");
}

void State::expect_intake_alarms(std::vector<ExpectedAlarm>& expected) const {
  for (const auto& [no, window] : debounces_.all()) {
    if (window.is_closed) continue;
    expected.push_back({{window.alarm, 0, no, Timer::Kind::kDebounce}, {}, "a debounce"});
  }
  for (const auto& [no, batch] : batches_.all()) {
    if (batch.is_closed) continue;
    expected.push_back({{batch.due, 0, no, Timer::Kind::kBatch}, {}, "a batch"});
  }
  if (rates_.next_idle()) {
    expected.push_back({{rate_alarm_, 0, 0, Timer::Kind::kRateLimit}, {}, "old starts"});
  }
}

}  // namespace stepwell::core
