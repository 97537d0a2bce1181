#include "engine/core/waits.h"

#include "schema/check.h"
#include "schema/json.h"

namespace stepwell::core {

void Waits::add(const std::string& event_name, std::string_view condition, const WaitRef& ref) {
  std::unique_ptr<expr::WaitIndex>& index = by_name_[event_name];
  if (!index) index = std::make_unique<expr::WaitIndex>(seed_);
  // Positions name the registrations, and order them.
  const auto problem = index->add({.order = ref.step, .tag = ref.run}, condition);
  CHECK_INVARIANT(!problem, "the condition of a wait compiled when it was bound");
  ++size_;
}

void Waits::remove(std::string_view event_name, const WaitRef& ref) {
  auto found = by_name_.find(event_name);
  if (found == by_name_.end() || !found->second->remove(ref.step)) return;
  --size_;
  if (found->second->size() == 0) by_name_.erase(found);
}

std::vector<WaitRef> Waits::match(std::string_view event_name, std::string_view event_json,
                                  Time now) {
  std::vector<WaitRef> matches;
  auto index = by_name_.find(event_name);
  if (index == by_name_.end()) return matches;
  index->second->read(JsonView::trusted(event_json), scratch_);
  found_.clear();
  index->second->find(now, scratch_, found_);
  matches.reserve(found_.size());
  for (const expr::WaitKey& key : found_) matches.push_back({.run = key.tag, .step = key.order});
  return matches;
}

bool Waits::has(std::string_view event_name) const {
  return by_name_.contains(event_name);
}

bool Waits::has(std::string_view event_name, const WaitRef& ref) const {
  auto found = by_name_.find(event_name);
  return found != by_name_.end() && found->second->has(ref.step);
}

}  // namespace stepwell::core
