#include "tests/simulation/driver.h"

#include <fmt/core.h>

#include <algorithm>

#include "tests/simulation/process.h"

namespace stepwell::sim {

using core::Call;
using core::CallKind;

namespace {

// Code that throws outside of steps does so when it is called as a whole, not on its way to a step.
constexpr int kPastThrows = 1'000'000;
constexpr Duration kLateAnswerMax = std::chrono::minutes(30);

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
  Work work{.call = call};
  work.memo = frame_of(call).memo;
  for (const core::RegisteredStep& step : call.pending) work.pending.insert(step.key);
  process_.later(process_.some_delay(), [this, work = std::move(work)] {
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
  reply.parallel = ParallelMode::kRace;
  return reply;
}

void SimDriver::run_function(const Work& work) {
  const Call& call = work.call;
  Progress progress = interpret({.program = host_.function_of(call.run->function).program,
                                 .memo = work.memo,
                                 .pending = work.pending,
                                 .attempt = call.attempt,
                                 .tells_seen = host_.options_.tells_seen});
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
    return answer(std::move(reply));
  }
  if (progress.returned) {
    reply.outcome = core::Returned{std::move(*progress.returned)};
    return answer(std::move(reply));
  }
  for (const StepOp& op : progress.ops) {
    host_.ledger_.op_sent({call.run->no, op.key, op.seen, host_.options_.tells_seen});
  }
  // A body that is all that the code waits for runs at once; requests are made by the engine.
  if (progress.ops.size() == 1 && progress.unresolved == 1) {
    auto body = progress.bodies.find(progress.ops[0].key);
    if (body != progress.bodies.end() && body->second->kind == Statement::Kind::kRun) {
      return run_body(work, *body->second, std::move(progress.ops[0]), std::move(reply), 0);
    }
  }
  reply.outcome = core::Yielded{std::move(progress.ops)};
  answer(std::move(reply));
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
    return answer(std::move(reply));
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
  bodies_.start(
      {.run = work.call.run->id,
       .statement = &statement,
       .op = std::move(op),
       .attempt = attempt,
       .call = work.call.id},
      [this](Duration delay, std::function<void()> thing) {
        process_.later(delay, std::move(thing));
      },
      [this, reply = std::move(reply)](StepOp ended) {
        core::Reply full = reply;
        full.outcome = core::Yielded{{std::move(ended)}};
        answer(std::move(full));
      });
}

void SimDriver::answer(core::Reply reply) {
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
