#include "engine/core/state.h"

#include <algorithm>

namespace stepwell::core {
namespace {

// Delays after failed attempts, then the last one again (semantics.md §8).
constexpr Duration kBackoff[] = {std::chrono::seconds(15), std::chrono::seconds(30),
                                 std::chrono::minutes(1),  std::chrono::minutes(2),
                                 std::chrono::minutes(5),  std::chrono::minutes(10),
                                 std::chrono::minutes(20), std::chrono::minutes(40),
                                 std::chrono::hours(1),    std::chrono::hours(2)};
constexpr uint64_t kJitterMillis = 30'000;

}  // namespace

State::State(Settings settings, Random random)
    : settings_(settings),
      random_(std::move(random)),
      waits_(random_.stream("keys of waits").next()) {}

Ulid State::new_ulid() {
  auto high = static_cast<uint16_t>(random_.next());
  return Ulid::make(now_, high, random_.next());
}

Duration State::backoff(int failed_attempts) {
  if (settings_.retry_interval) return *settings_.retry_interval;
  size_t index =
      std::min<size_t>(static_cast<size_t>(failed_attempts - 1), std::size(kBackoff) - 1);
  return kBackoff[index] + Duration(random_.below(kJitterMillis));
}

Time State::deadline_time(const Deadline& deadline) const {
  if (deadline.at) return *deadline.at;
  Duration after = deadline.after.value_or(Duration::zero());
  // Far enough for every limit, near enough not to overflow.
  return now_ + std::min(after, Duration(std::chrono::hours(24 * 365 * 1000)));
}

Run* State::find_run(RunNo no) {
  return runs_.find(no);
}

void State::write(storage::Record record) {
  out_->writes.push_back(std::move(record));
}

void State::effect(Effect effect) {
  out_->effects.push_back(std::move(effect));
}

void State::answer(Answer answer) {
  if (answer.request != 0) effect(std::move(answer));
}

void State::refuse(RequestId request, ErrorCode code, std::string message) {
  answer(Answer{.request = request, .error = Error{code, std::move(message)}});
}

PendingStep* State::find_pending(Run& run, const StepKey& key) {
  auto found = std::find_if(run.pending.begin(), run.pending.end(),
                            [&](const PendingStep& step) { return step.key == key; });
  return found == run.pending.end() ? nullptr : &*found;
}

size_t State::pending_index(const Run& run, Position pos) const {
  auto found = std::find_if(run.pending.begin(), run.pending.end(),
                            [&](const PendingStep& step) { return step.pos == pos; });
  return static_cast<size_t>(found - run.pending.begin());
}

}  // namespace stepwell::core
