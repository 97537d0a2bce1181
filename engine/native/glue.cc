// What the public headers declare and the engine does: the calls that come out of user code.
#include "engine/native/body_scope.h"
#include "engine/native/checks.h"
#include "engine/native/run_frame.h"
#include "schema/check.h"
#include "schema/json.h"
#include "stepwell/step.h"

namespace stepwell {
namespace native {
namespace {
thread_local BodyScope* current_body = nullptr;
}

BodyScope::BodyScope() : outer_(std::exchange(current_body, this)) {}

BodyScope::~BodyScope() {
  current_body = outer_;
}

BodyScope* BodyScope::current() {
  return current_body;
}

}  // namespace native

namespace detail {

void make_ready(Chain& chain) {
  chain.frame->make_ready(chain);
}

void remove_from_queue(Chain& chain) {
  if (chain.is_queued) chain.frame->remove_from_queue(chain);
}

void Join::suspend(Chain& parent, std::coroutine_handle<> waiting, size_t branches) {
  parent_ = &parent;
  parent.awaits = this;
  waiting_ = waiting;
  running_ = branches;
}

void Join::start(Chain& branch, std::coroutine_handle<> code) {
  branch.frame = parent_->frame;
  branch.parent = parent_;
  branch.join = this;
  branch.seen = parent_->seen;
  branch.next = code;
  make_ready(branch);
}

void Join::branch_ended(Chain& branch) {
  if (is_decided_) return;  // an abandoned branch came to its end before the parent went on
  --running_;
  if (branch.seen.position > seen_.position) seen_ = branch.seen;
  if (mode_ == Mode::kAll && !branch.has_failed && running_ > 0) return;
  is_decided_ = true;
  decider_ = &branch;
  if (seen_.position > parent_->seen.position) parent_->seen = seen_;
  parent_->next = waiting_;
  make_ready(*parent_);
  if (running_ > 0) parent_->frame->join_decided(*this);
}

AwaitedStep::AwaitedStep(RunFrame* of, StepType type, std::string_view id) : frame(of) {
  request.type = type;
  request.id = id;
  if (native::BodyScope::current() != nullptr) throw NestedStepError(request.id);
}

AwaitedStep::AwaitedStep(AwaitedStep&& other) noexcept
    : request(std::move(other.request)), frame(other.frame) {
  CHECK_INVARIANT(other.phase == Phase::kNew, "a step is not moved after it began");
}

AwaitedStep::~AwaitedStep() {
  if (phase == Phase::kAwaited) frame->forget(*this);
}

bool AwaitedStep::begin() {
  return frame->begin(*this);
}

void AwaitedStep::throw_if_failed() const {
  if (!failure) return;
  if (failure->name == "InngestInvokeTimeoutError") {
    throw TimeoutError(request.id, failure->name, failure->message, failure->cause);
  }
  throw StepError(request.id, failure->name, failure->message, failure->cause);
}

void publish_unrecorded(RunFrame* frame, std::string_view channel, std::string_view topic,
                        std::string data) {
  if (const Result<void> checked = native::check_message(channel, topic, data); !checked) {
    throw NonRetriableError(checked.error().message);
  }
  Publication message{std::string(channel), std::string(topic), std::move(data)};
  if (auto* body = native::BodyScope::current()) {
    body->publications.push_back(std::move(message));
  } else {
    frame->publish(std::move(message));
  }
}

std::vector<std::string> events_of(const RunFrame* frame) {
  std::vector<std::string> texts;
  for (const Event& event : frame->run().events) texts.push_back(event_json(event));
  return texts;
}

std::stop_token stop_token_of(const RunFrame* frame) {
  return frame->stop_source().get_token();
}

}  // namespace detail

// -- Conditions ---------------------------------------------------------------------------------

static std::string equality(std::string_view field, std::string_view literal) {
  return "async.data." + std::string(field) + " == " + std::string(literal);
}

std::string where(std::string_view field, std::string_view value) {
  return equality(field, json_quote(value));
}

std::string where(std::string_view field, const char* value) {
  return where(field, std::string_view(value));
}

std::string where(std::string_view field, int64_t value) {
  return equality(field, std::to_string(value));
}

std::string where(std::string_view field, int value) {
  return where(field, static_cast<int64_t>(value));
}

std::string where(std::string_view field, bool value) {
  return equality(field, value ? "true" : "false");
}

}  // namespace stepwell
