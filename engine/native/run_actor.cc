#include "engine/native/run_actor.h"

#include <fmt/core.h>

#include "engine/native/ops.h"

namespace stepwell::native {
namespace {

core::Reply reply_to(const core::Call& call) {
  core::Reply reply;
  reply.call = call.id;
  reply.run = call.run->no;
  return reply;
}

StepOp step_threw(const core::Call& call, std::string message, bool retriable) {
  StepOp op;
  op.key = call.target;
  op.id = call.target_id;
  op.body = StepThrew{.error = {.name = "StepNotFound", .message = std::move(message)},
                      .retriable = retriable};
  return op;
}

}  // namespace

// A step's body on a thread of its own. Its stop token follows the run's.
class RunActor::BodyJob final : public Job, public std::enable_shared_from_this<BodyJob> {
 public:
  BodyJob(std::shared_ptr<RunActor> actor, const core::Call& call, detail::AwaitedStep& step,
          std::stop_token of_run)
      : actor_(std::move(actor)), reply_(reply_to(call)), step_(step), of_run_(std::move(of_run)) {}

  void run() override {
    std::stop_callback follow(of_run_, [this] { stop_.request_stop(); });
    if (stop_.stop_requested()) {
      outcome_ = StepThrew{.error = {.message = "not wanted any more before it began"}};
    } else {
      outcome_ = run_body(*step_.request.body, stop_.get_token());
    }
    // The end of the body is a turn of the actor, taken here if nobody else is at it.
    actor_->tell(BodyEnded{shared_from_this()}, Turn::kByCaller);
    actor_->run();
  }

  std::stop_source& stop() { return stop_; }
  detail::AwaitedStep& step() { return step_; }
  core::Reply take_reply() {
    core::Yielded yielded;
    auto* threw = std::get_if<StepThrew>(&outcome_);
    // Nobody waits for it any more: there is no point in another attempt.
    if (threw != nullptr && stop_.stop_requested()) threw->retriable = false;
    yielded.ops.push_back(make_op(step_, std::move(outcome_)));
    reply_.outcome = std::move(yielded);
    return std::move(reply_);
  }

 private:
  std::shared_ptr<RunActor> actor_;
  core::Reply reply_;
  detail::AwaitedStep& step_;
  std::stop_token of_run_;
  std::stop_source stop_;
  BodyOutcome outcome_;
};

RunActor::RunActor(std::shared_ptr<Workshop> workshop, RegisteredFunction function)
    : workshop_(std::move(workshop)), function_(std::move(function)) {}

void RunActor::start(core::Call call) {
  tell(std::move(call), Turn::kSoon);
}

void RunActor::drop() {
  std::stop_source stop{std::nostopstate};
  {
    std::lock_guard lock(mutex_);
    is_dropped_ = true;
    stop = stop_;
  }
  stop.request_stop();
  tell(Drop{}, Turn::kSoon);
}

void RunActor::tell(Message message, Turn turn) {
  {
    std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
    if (turn == Turn::kByCaller || is_busy_ || is_scheduled_) return;
    is_scheduled_ = true;
  }
  workshop_->executor.submit(shared_from_this());
}

void RunActor::run() {
  std::unique_lock lock(mutex_);
  is_scheduled_ = false;
  if (is_busy_) return;
  is_busy_ = true;
  while (!messages_.empty()) {
    Message message = std::move(messages_.front());
    messages_.pop_front();
    lock.unlock();
    std::visit([this](auto& each) { take_turn(each); }, message);
    lock.lock();
  }
  is_busy_ = false;
}

void RunActor::take_turn(core::Call& call) {
  {
    std::lock_guard lock(mutex_);
    if (is_dropped_) return;
  }
  if (call.is_cold) build_frame(call);
  CHECK_INVARIANT(frame_ != nullptr, "a hot call follows a cold one");
  frame_->add(std::move(call.memo), call.pending);
  if (call.kind == core::CallKind::kFunction) {
    call_function(call);
  } else {
    call_step(call);
  }
}

void RunActor::build_frame(core::Call& call) {
  // A step's call counts the step's attempts, and comes only when the function's own go well.
  int attempt = call.kind == core::CallKind::kFunction ? call.attempt : 0;
  frame_ = std::make_unique<detail::RunFrame>(
      call.run, detail::RunFrame::Options{.code = *function_.code,
                                          .warn = workshop_->warn,
                                          .stubs = function_.stubs,
                                          .determinism = function_.determinism,
                                          .attempt = attempt});
  std::lock_guard lock(mutex_);
  stop_ = frame_->stop_source();
  if (is_dropped_) stop_.request_stop();
}

void RunActor::call_function(core::Call& call) {
  frame_->advance();
  core::Reply reply = reply_to(call);
  reply.publications = frame_->take_publications();
  if (frame_->outcome()) {
    std::visit([&](auto& outcome) { reply.outcome = std::move(outcome); }, *frame_->outcome());
    return workshop_->on_reply(std::move(reply));
  }
  detail::AwaitedStep* sole = frame_->sole_new_body();
  core::Yielded yielded;
  for (detail::AwaitedStep* step : frame_->take_new_steps()) {
    if (step != sole) {
      yielded.ops.push_back(make_op(*step));
      continue;
    }
    yielded.ops.push_back(
        make_op(*step, run_body(*step->request.body, frame_->stop_source().get_token())));
  }
  reply.outcome = std::move(yielded);
  workshop_->on_reply(std::move(reply));
}

void RunActor::call_step(core::Call& call) {
  frame_->advance();
  if (const auto& outcome = frame_->outcome()) {
    if (const auto* threw = std::get_if<core::Threw>(&*outcome)) {
      core::Reply reply = reply_to(call);
      reply.outcome = *threw;
      return workshop_->on_reply(std::move(reply));
    }
  }
  using Planned = detail::RunFrame::Planned;
  auto [planned, step] = frame_->find_planned(call.target);
  if (planned != Planned::kFound) {
    bool is_abandoned = planned == Planned::kAbandoned;
    core::Reply reply = reply_to(call);
    core::Yielded yielded;
    yielded.ops.push_back(step_threw(
        call,
        is_abandoned ? "the code that raced this step has gone on without it"
                     : "the step is planned, but the function's code does not come to it",
        !is_abandoned));
    reply.outcome = std::move(yielded);
    return workshop_->on_reply(std::move(reply));
  }
  auto job =
      std::make_shared<BodyJob>(shared_from_this(), call, *step, frame_->stop_source().get_token());
  frame_->body_started(*step, &job->stop());
  workshop_->executor.submit(std::move(job));
}

void RunActor::take_turn(BodyEnded& ended) {
  frame_->body_ended(ended.job->step());
  workshop_->on_reply(ended.job->take_reply());
  destroy_frame_if_unused();
}

void RunActor::take_turn(Drop&) {
  destroy_frame_if_unused();
}

void RunActor::destroy_frame_if_unused() {
  {
    std::lock_guard lock(mutex_);
    if (!is_dropped_) return;
  }
  if (frame_ != nullptr && frame_->running_bodies() == 0) frame_.reset();
}

}  // namespace stepwell::native
