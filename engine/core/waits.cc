#include "engine/core/waits.h"

namespace stepwell::core {

void Waits::add(const std::string& event_name, Condition condition, const WaitRef& ref) {
  auto [it, is_new] =
      by_name_[event_name].try_emplace(ref.step, std::pair{ref, std::move(condition)});
  CHECK_INVARIANT(is_new, "a wait is registered once");
  ++size_;
}

void Waits::remove(const std::string& event_name, const WaitRef& ref) {
  auto found = by_name_.find(event_name);
  if (found == by_name_.end()) return;
  size_ -= found->second.erase(ref.step);
  if (found->second.empty()) by_name_.erase(found);
}

std::vector<WaitRef> Waits::match(std::string_view event_name, std::string_view event_json,
                                  Time now) const {
  std::vector<WaitRef> matches;
  auto found = by_name_.find(event_name);
  if (found == by_name_.end()) return matches;
  for (const auto& [pos, entry] : found->second) {
    if (entry.second.matches_wait(event_json, now)) matches.push_back(entry.first);
  }
  return matches;
}

bool Waits::has(std::string_view event_name) const {
  return by_name_.find(event_name) != by_name_.end();
}

bool Waits::has(std::string_view event_name, const WaitRef& ref) const {
  auto found = by_name_.find(event_name);
  return found != by_name_.end() && found->second.contains(ref.step);
}

}  // namespace stepwell::core
