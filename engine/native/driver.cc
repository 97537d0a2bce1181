#include "engine/native/driver.h"

#include <utility>

#include "schema/check.h"

namespace stepwell::native {
namespace {

// Answers a call for a function that is not there.
class Refusal final : public Job {
 public:
  Refusal(std::shared_ptr<Workshop> workshop, const core::Call& call)
      : workshop_(std::move(workshop)) {
    reply_.call = call.id;
    reply_.run = call.run->no;
    reply_.outcome = core::Threw{.error = {.name = "FunctionNotFound",
                                           .message = "function \"" + call.run->function.slug +
                                                      "\" is not registered in this process"}};
  }
  void run() override { workshop_->on_reply(std::move(reply_)); }

 private:
  std::shared_ptr<Workshop> workshop_;
  core::Reply reply_;
};

}  // namespace

NativeDriver::NativeDriver(Executor& executor, OnReply on_reply, Warn warn)
    : workshop_(
          std::make_shared<Workshop>(Workshop{executor, std::move(on_reply), std::move(warn)})) {}

NativeDriver::~NativeDriver() = default;

void NativeDriver::add(const FunctionId& id, RegisteredFunction function) {
  functions_[id] = std::move(function);
}

void NativeDriver::start(core::Call call) {
  auto function = functions_.find(call.run->function);
  if (function == functions_.end()) {
    return workshop_->executor.submit(std::make_shared<Refusal>(workshop_, call));
  }
  RunNo run = call.run->no;
  auto& actor = actors_[run];
  if (call.is_cold) {
    if (actor) actor->drop();
    actor = std::make_shared<RunActor>(workshop_, function->second);
  }
  CHECK_INVARIANT(actor != nullptr, "a hot call follows a cold one of the same run");
  actor->start(std::move(call));
}

void NativeDriver::drop(RunNo run) {
  auto found = actors_.find(run);
  if (found == actors_.end()) return;
  found->second->drop();
  actors_.erase(found);
}

void NativeDriver::drop_all() {
  for (auto& [run, actor] : actors_) actor->drop();
  actors_.clear();
}

}  // namespace stepwell::native
