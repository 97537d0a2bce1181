#include "tests/simulation/driver.h"

#include <fmt/core.h>

#include <algorithm>

#include "schema/json.h"
#include "tests/simulation/process.h"

namespace stepwell::sim {

using core::Call;
using core::CallKind;

namespace {

// Code that throws outside of steps does so when it is called as a whole, not on its way to a step.
constexpr int kPastThrows = 1'000'000;
constexpr Duration kSlowBody = std::chrono::minutes(7);
constexpr Duration kLateAnswerMax = std::chrono::minutes(30);

ErrorInfo transport_error(std::string_view what) {
  return {.name = "TransportError", .message = fmt::format("the endpoint {}", what)};
}

}  // namespace

SimDriver::Frame& SimDriver::frame_of(const Call& call) {
  auto found = frames_.find(call.run->no);
  if (call.is_cold) {
    frames_[call.run->no] = Frame{call.memo, 0};
    return frames_[call.run->no];
  }
  if (found == frames_.end()) {
    host_.ledger_.fail("driver", fmt::format("a hot call of run {} without a frame", call.run->no));
    return frames_[call.run->no];
  }
  Frame& frame = found->second;
  for (const core::MemoEntry& entry : call.memo) {
    bool is_known = std::any_of(frame.memo.begin(), frame.memo.end(),
                                [&](const auto& known) { return known.key == entry.key; });
    if (is_known) {
      host_.ledger_.fail("driver", fmt::format("a hot call of run {} brings \"{}\" again",
                                               call.run->no, entry.id));
    } else {
      frame.memo.push_back(entry);
    }
  }
  return frame;
}

void SimDriver::start(Call call) {
  const FunctionId& function = call.run->function;
  const AppFunction& known = host_.function_of(function);
  bool is_native = known.config.driver == DriverKind::kNative;
  Work work{.call = call, .is_native = is_native, .checkpoints = known.checkpoints};
  work.memo = is_native ? frame_of(call).memo : call.memo;
  if (!is_native && !call.is_cold) host_.ledger_.fail("driver", "a hot call of an endpoint");
  for (const core::RegisteredStep& step : call.pending) work.pending.insert(step.key);
  process_.later(process_.some_delay(), [this, work = std::move(work)] {
    const FaultRates& faults = host_.options_.faults;
    core::Reply reply = reply_to(work);
    if (!work.is_native && host_.strikes(faults.call_refused)) {
      reply.outcome = core::Threw{.error = transport_error("was not reached")};
      return submit_later(std::move(reply));
    }
    if (!work.is_native && host_.strikes(faults.answer_empty)) {
      return submit_later(std::move(reply));
    }
    if (work.call.kind == CallKind::kFunction) return run_function(work);
    run_step(work);
  });
}

void SimDriver::drop(RunNo run) {
  frames_.erase(run);
}

core::Reply SimDriver::reply_to(const Work& work) const {
  core::Reply reply;
  reply.call = work.call.id;
  reply.run = work.call.run->no;
  reply.parallel = work.is_native ? ParallelMode::kRace : ParallelMode::kCoalesce;
  return reply;
}

void SimDriver::run_function(const Work& work) {
  const Call& call = work.call;
  Progress progress = interpret({.program = host_.function_of(call.run->function).program,
                                 .memo = work.memo,
                                 .pending = work.pending,
                                 .attempt = call.attempt,
                                 .tells_seen = work.is_native && host_.options_.tells_seen});
  core::Reply reply = reply_to(work);
  if (auto frame = frames_.find(call.run->no); frame != frames_.end()) {
    size_t said = std::min(frame->second.published, progress.publications.size());
    progress.publications.erase(progress.publications.begin(),
                                progress.publications.begin() + static_cast<ptrdiff_t>(said));
    frame->second.published += progress.publications.size();
  }
  reply.publications = std::move(progress.publications);
  if (progress.threw) {
    reply.outcome = std::move(*progress.threw);
    return answer(std::move(reply), work.is_native);
  }
  if (progress.returned) {
    reply.outcome = core::Returned{std::move(*progress.returned)};
    return answer(std::move(reply), work.is_native);
  }
  for (const StepOp& op : progress.ops) {
    host_.ledger_.op_sent(
        {call.run->no, op.key, op.seen, work.is_native && host_.options_.tells_seen});
  }
  // A body that is all that the code waits for runs at once; requests are made by the engine.
  if (progress.ops.size() == 1 && progress.unresolved == 1) {
    auto body = progress.bodies.find(progress.ops[0].key);
    if (body != progress.bodies.end() && body->second->kind == Statement::Kind::kRun) {
      return run_body(work, *body->second, std::move(progress.ops[0]), std::move(reply), 0);
    }
  }
  reply.outcome = core::Yielded{std::move(progress.ops)};
  answer(std::move(reply), work.is_native);
}

void SimDriver::run_step(const Work& work) {
  const Call& call = work.call;
  Progress progress = interpret({.program = host_.function_of(call.run->function).program,
                                 .memo = work.memo,
                                 .pending = work.pending,
                                 .attempt = kPastThrows});
  core::Reply reply = reply_to(work);
  auto body = progress.bodies.find(call.target);
  if (body == progress.bodies.end()) {
    reply.outcome = core::Yielded{};
    return answer(std::move(reply), work.is_native);
  }
  if (call.target_kind == StepKind::kFetch && call.request != kFetchRequest) {
    host_.ledger_.fail("S-3", "a request is made that no code asked for: " + call.request);
  }
  StepOp op;
  op.key = call.target;
  op.id = call.target_id;
  run_body(work, *body->second, std::move(op), std::move(reply), call.attempt);
}

void SimDriver::run_body(const Work& work, const Statement& statement, StepOp op, core::Reply reply,
                         int attempt) {
  int execution = host_.executions_[statement.id]++;
  RunId run = work.call.run->id;
  host_.ledger_.body_started({run, op.key, op.id, attempt, false, ""});
  if (execution < statement.kills) return host_.die("killed by \"" + statement.id + "\"");
  for (const Event& event : statement.emits) {
    Event sent = event;
    if (sent.id.empty()) sent.id = fmt::format("{}-from-{}", run.to_string(), statement.id);
    host_.send_at(host_.world_.elapsed() + statement.takes / 2, sent);
  }
  Duration takes = statement.takes;
  if (host_.strikes(host_.options_.faults.slow_bodies)) takes += kSlowBody;
  process_.later(takes + process_.some_delay(), [this, run, &statement, op = std::move(op),
                                                 reply = std::move(reply), attempt, work] {
    StepOp ended = body_ended(statement, op, attempt);
    const auto* returned = std::get_if<StepReturned>(&ended.body);
    host_.ledger_.body_finished(
        {run, op.key, op.id, attempt, returned != nullptr, returned ? returned->data : ""});
    bool goes_on = work.checkpoints && work.call.kind == CallKind::kFunction;
    if (goes_on && returned) return checkpoint(work, ended);
    core::Reply full = reply;
    full.outcome = core::Yielded{{std::move(ended)}};
    answer(std::move(full), work.is_native);
  });
}

void SimDriver::checkpoint(const Work& work, const StepOp& op) {
  core::RecordProgress progress{.run = work.call.run->id, .call = work.call.id, .ops = {op}};
  if (host_.strikes(host_.options_.faults.answers_twice)) host_.record_progress(progress, {});
  Work next = work;
  next.memo.push_back({.key = op.key, .id = op.id, .data = std::get<StepReturned>(op.body).data});
  host_.record_progress(std::move(progress), [this, life = process_.number(), next] {
    if (host_.is_alive(life)) run_function(next);
  });
}

StepOp SimDriver::body_ended(const Statement& statement, StepOp op, int attempt) {
  std::vector<Publication> publications;
  for (const std::string& channel : statement.channels) {
    publications.push_back({channel, "said", json_quote(statement.id)});
  }
  if (attempt < statement.count) {
    op.body = StepThrew{.error = {.message = fmt::format("attempt {} fails", attempt)},
                        .retriable = statement.is_retriable,
                        .retry_after = statement.retry_after,
                        .publications = std::move(publications)};
    return op;
  }
  // No two executions return the same, so that it shows which one was recorded.
  JsonWriter data;
  data.begin_object().key("step").string(statement.id).key("execution");
  data.integer(++host_.last_nonce_).end_object();
  op.body = StepReturned{data.take(), std::move(publications)};
  return op;
}

void SimDriver::answer(core::Reply reply, bool is_native) {
  if (!is_native && host_.strikes(host_.options_.faults.answer_lost)) {
    reply.publications.clear();
    reply.outcome = core::Threw{.error = transport_error("closed the connection")};
  }
  answer_strangely(reply);
  submit_later(std::move(reply));
}

void SimDriver::answer_strangely(const core::Reply& reply) {
  const FaultRates& faults = host_.options_.faults;
  if (host_.strikes(faults.answers_twice)) submit_later(reply);
  if (host_.strikes(faults.answers_late)) {
    Duration delay(host_.fates_.below(static_cast<uint64_t>(kLateAnswerMax.count())));
    host_.world_.after(delay, [&host = host_, reply] {
      if (host.life_ && !host.is_dying_) host.life_->submit(core::CallReplied{reply, {}});
    });
  }
  if (!host_.strikes(faults.garbage)) return;
  core::Reply garbage = reply;
  garbage.outcome = core::Returned{R"(["garbage"])"};
  if (host_.fates_.chance(0.5)) {
    garbage.call.number += 1'000'000;
  } else {
    garbage.call.epoch += 1;
  }
  submit_later(std::move(garbage));
}

void SimDriver::submit_later(core::Reply reply) {
  process_.later(process_.some_delay(), [this, reply = std::move(reply)] {
    process_.submit(core::CallReplied{reply, {}});
  });
}

}  // namespace stepwell::sim
