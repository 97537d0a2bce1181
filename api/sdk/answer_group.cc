#include "api/sdk/answer_group.h"

#include <algorithm>
#include <utility>

namespace stepwell::sdk {
namespace {

constexpr int kPartOfCall = 20;
constexpr Duration kPatienceMax{10};

}  // namespace

Duration patience_of(Duration took) {
  // The wall clock may have been set back meanwhile.
  return std::clamp(took / kPartOfCall, Duration(0), kPatienceMax);
}

AnswerGroup::AnswerGroup(server::UvLoop& loop) : timer_(loop, [this] { run(); }) {}

void AnswerGroup::add(Duration took, bool is_last, Task task) {
  const bool is_first = waiting_.empty();
  waiting_.push_back(std::move(task));
  const Duration patience = patience_of(took);
  if (is_last || patience == Duration(0)) return run();
  const server::SteadyTime until = std::chrono::steady_clock::now() + patience;
  if (!is_first && until >= until_) return;
  until_ = until;
  timer_.arm(until);
}

void AnswerGroup::run() {
  timer_.disarm();
  for (const Task& task : std::exchange(waiting_, {})) task();
}

}  // namespace stepwell::sdk
