// A scripted stand-in for the engine core: one run, whose steps the test resolves by hand. Replies
// are taken as the core takes them; the code is called again when something is resolved.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/native/driver.h"
#include "engine/native/manual_executor.h"
#include "stepwell/stepwell.h"

namespace stepwell::native {

enum class Eviction { kNever, kAlways };

class FakeCore {
 public:
  template <class F>
  FakeCore(F function, std::string event_data, Eviction eviction = Eviction::kNever,
           Determinism determinism = Determinism::kWarn)
      : driver_(
            executor_, [this](core::Reply reply) { replies_.push_back(std::move(reply)); },
            [this](const std::string&, const std::string& text) { warnings.push_back(text); }),
        eviction_(eviction) {
    replace(std::move(function), determinism);
    auto run = std::make_shared<core::RunContext>();
    run->no = 7;
    run->function = FunctionId{"test"};
    Event event{.name = "test/event", .id = "event-1", .data = std::move(event_data)};
    run->events.push_back(std::move(event));
    run_ = std::move(run);
    call_function();
  }

  // Other code for the same function; the frame goes.
  template <class F>
  void replace(F function, Determinism determinism = Determinism::kWarn) {
    evict();
    driver_.add(FunctionId{"test"},
                {.code = detail::make_code(std::move(function)), .determinism = determinism});
  }

  void evict() {
    if (is_hot_) driver_.drop(7);
    is_hot_ = false;
    settle();
  }

  // Steps that are registered: ids, in the order in which they came.
  std::vector<std::string> pending() const {
    std::vector<std::string> ids;
    for (const Pending& step : pending_) ids.push_back(step.op.id);
    return ids;
  }
  const StepOp& op(std::string_view id) const {
    for (const Pending& step : pending_) {
      if (step.op.id == id) return step.op;
    }
    FAIL("no such pending step");
    return pending_.front().op;
  }
  // The newest memo that the code of a pending wait had seen.
  std::string seen_by(std::string_view id) const {
    const StepOp& found = op(id);
    if (!found.seen) return "";
    for (const core::MemoEntry& entry : memo_) {
      if (entry.key == *found.seen) return entry.id;
    }
    return "?";
  }

  void resolve(std::string_view id, std::string data = "null") {
    record(id, {.data = std::move(data)});
    call_function();
  }
  void fail(std::string_view id, ErrorInfo error) {
    record(id, {.state = StepState::kFailed, .error = std::move(error)});
    call_function();
  }
  // Resolves without telling the code: the next call brings all.
  void record(std::string_view id, core::MemoEntry entry) {
    for (auto step = pending_.begin(); step != pending_.end(); ++step) {
      if (step->op.id != id) continue;
      entry.key = step->op.key;
      entry.id = step->op.id;
      entry.kind = step_kind(step->op);
      pending_.erase(step);
      return remember(std::move(entry));
    }
    FAIL("no such pending step: " << id);
  }
  // Calls for the body of a planned step.
  void run_step(std::string_view id) {
    core::Call call = make_call(core::CallKind::kStep);
    for (Pending& step : pending_) {
      if (step.op.id != id) continue;
      call.target = step.op.key;
      call.target_id = step.op.id;
      call.attempt = step.attempts;
      driver_.start(std::move(call));
      return settle();
    }
    FAIL("no such planned step: " << id);
  }
  // Calls for the bodies of all planned steps, again and again.
  void run_steps() {
    for (bool found = true; found;) {
      found = false;
      for (const Pending& step : pending_) {
        if (!std::holds_alternative<StepPlanned>(step.op.body)) continue;
        run_step(step.op.id);
        found = true;
        break;
      }
    }
  }
  void call_function() {
    if (is_over()) return;
    driver_.start(make_call(core::CallKind::kFunction));
    settle();
  }

  bool is_over() const { return returned || threw; }
  std::vector<std::string> recorded() const {
    std::vector<std::string> ids;
    for (const core::MemoEntry& entry : memo_) ids.push_back(entry.id);
    return ids;
  }

  std::optional<std::string> returned;
  std::optional<core::Threw> threw;
  std::vector<std::string> published;
  std::vector<std::string> warnings;
  std::vector<SendEvents> sent;
  int calls = 0;
  int attempts_max = 3;

 private:
  struct Pending {
    StepOp op;
    int attempts = 0;
  };

  core::Call make_call(core::CallKind kind) {
    core::Call call;
    call.id = {1, ++last_call_};
    call.kind = kind;
    call.run = run_;
    call.is_cold = !is_hot_;
    size_t first = is_hot_ ? told_ : 0;
    if (kind == core::CallKind::kFunction || call.is_cold) {
      call.memo.assign(memo_.begin() + static_cast<ptrdiff_t>(first), memo_.end());
      for (const Pending& step : pending_) {
        call.pending.push_back({step.op.key, step_kind(step.op)});
      }
      told_ = memo_.size();
    }
    is_hot_ = true;
    ++calls;
    return call;
  }

  void settle() {
    do {
      for (core::Reply& reply : std::exchange(replies_, {})) take(std::move(reply));
    } while (executor_.run_one());
  }

  void take(core::Reply reply) {
    for (Publication& message : reply.publications) published.push_back(message.data);
    if (auto* end = std::get_if<core::Returned>(&reply.outcome)) {
      returned = end->output;
      return;
    }
    if (auto* end = std::get_if<core::Threw>(&reply.outcome)) {
      threw = *end;
      return;
    }
    size_t before = memo_.size();
    for (StepOp& op : std::get<core::Yielded>(reply.outcome).ops) take_op(std::move(op));
    if (eviction_ == Eviction::kAlways) {
      driver_.drop(7);
      is_hot_ = false;
    }
    if (memo_.size() > before && !is_over()) {
      driver_.start(make_call(core::CallKind::kFunction));
    }
  }

  void take_op(StepOp op) {
    auto known = std::find_if(pending_.begin(), pending_.end(),
                              [&](const Pending& step) { return step.op.key == op.key; });
    core::MemoEntry entry{.key = op.key, .id = op.id, .kind = step_kind(op)};
    if (auto* done = std::get_if<StepReturned>(&op.body)) {
      for (Publication& message : done->publications) published.push_back(message.data);
      entry.data = done->data;
    } else if (auto* failed = std::get_if<StepThrew>(&op.body)) {
      int attempts = known == pending_.end() ? 1 : known->attempts + 1;
      if (failed->retriable && attempts < attempts_max) {
        if (known == pending_.end()) {
          op.body = StepPlanned{};
          pending_.push_back({std::move(op), attempts});
        } else {
          known->attempts = attempts;
        }
        return;
      }
      entry.state = StepState::kFailed;
      entry.error = failed->error;
    } else if (auto* events = std::get_if<SendEvents>(&op.body)) {
      sent.push_back(*events);
      entry.data = R"({"ids":["01"]})";
    } else {
      CHECK(known == pending_.end());
      pending_.push_back({std::move(op)});
      return;
    }
    if (known != pending_.end()) pending_.erase(known);
    remember(std::move(entry));
  }

  void remember(core::MemoEntry entry) {
    entry.resolved_pos = 100 + memo_.size();
    memo_.push_back(std::move(entry));
  }

  std::vector<core::Reply> replies_;
  ManualExecutor executor_;
  NativeDriver driver_;
  Eviction eviction_;
  std::shared_ptr<const core::RunContext> run_;
  std::vector<core::MemoEntry> memo_;
  std::vector<Pending> pending_;
  uint64_t last_call_ = 0;
  size_t told_ = 0;
  bool is_hot_ = false;
};

}  // namespace stepwell::native
