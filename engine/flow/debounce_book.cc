#include "engine/flow/debounce_book.h"

#include <algorithm>

#include "schema/check.h"

namespace stepwell::flow {
namespace {

Time due_of(const Debounce& config, Time opened_at, Time now) {
  const Time due = now + config.period;
  return config.timeout ? std::min(due, opened_at + *config.timeout) : due;
}

bool takes_events(const DebounceWindow& window, Time now) {
  return !window.is_closed && window.due > now;
}

void pass_over(DebounceWindow& window, Position event) {
  std::vector<Position>& all = window.passed_over;
  all.insert(std::upper_bound(all.begin(), all.end(), event), event);
}

bool has_passed_over(const DebounceWindow& window, Position event) {
  if (event >= window.first_event && event <= window.unknown_up_to) return true;
  return std::binary_search(window.passed_over.begin(), window.passed_over.end(), event);
}

}  // namespace

DebounceBook::Outcome DebounceBook::add(const Place& place, const Debounce& config,
                                        const DebounceArrival& arrival, Position no) {
  if (is_copy(place, arrival.copies)) return {Effect::kCopy, nullptr, arrival.invoker};
  const auto there = by_place_.find(place);
  DebounceWindow* window = there == by_place_.end() ? nullptr : find(there->second.back());
  if (window == nullptr || !takes_events(*window, arrival.now)) {
    return {Effect::kOpened, &open(place, config, arrival, no), std::nullopt};
  }
  if (arrival.ts < window->ts) {
    if (arrival.has_user_id) pass_over(*window, arrival.event);
    return {Effect::kOlder, window, arrival.invoker};
  }
  Outcome outcome{Effect::kReplaced, window, window->invoker};
  if (window->has_user_id) pass_over(*window, window->event);
  forget_event(*window);
  window->event = arrival.event;
  window->ts = arrival.ts;
  window->has_user_id = arrival.has_user_id;
  window->invoker = arrival.invoker;
  window->due = due_of(config, window->opened_at, arrival.now);
  ++window->events;
  note_event(*window);
  return outcome;
}

bool DebounceBook::is_copy(const Place& place, const std::vector<Position>& copies) const {
  if (copies.empty()) return false;
  const auto current = current_.find(place.function);
  const auto there = by_place_.find(place);
  return std::any_of(copies.begin(), copies.end(), [&](Position copy) {
    if (current != current_.end() && current->second.contains(copy)) return true;
    return there != by_place_.end() &&
           std::any_of(there->second.begin(), there->second.end(),
                       [&](Position no) { return has_passed_over(windows_.at(no), copy); });
  });
}

DebounceWindow& DebounceBook::open(const Place& place, const Debounce& config,
                                   const DebounceArrival& arrival, Position no) {
  DebounceWindow window{.no = no,
                        .place = place,
                        .first_event = arrival.event,
                        .event = arrival.event,
                        .ts = arrival.ts,
                        .has_user_id = arrival.has_user_id,
                        .invoker = arrival.invoker,
                        .opened_at = arrival.now,
                        .due = due_of(config, arrival.now, arrival.now)};
  insert(std::move(window));
  return windows_.at(no);
}

void DebounceBook::recover(DebounceWindow window, Position last) {
  window.unknown_up_to = last;
  insert(std::move(window));
}

void DebounceBook::insert(DebounceWindow window) {
  by_place_[window.place].push_back(window.no);
  note_event(window);
  const Position no = window.no;
  const bool is_new = windows_.emplace(no, std::move(window)).second;
  CHECK_INVARIANT(is_new, "each window has a number of its own");
}

DebounceWindow* DebounceBook::find(Position no) {
  const auto found = windows_.find(no);
  return found == windows_.end() ? nullptr : &found->second;
}

void DebounceBook::close(DebounceWindow& window) {
  window.is_closed = true;
}

void DebounceBook::remove(Position no) {
  const auto found = windows_.find(no);
  if (found == windows_.end()) return;
  const DebounceWindow& window = found->second;
  forget_event(window);
  const auto there = by_place_.find(window.place);
  std::erase(there->second, no);
  if (there->second.empty()) by_place_.erase(there);
  windows_.erase(found);
}

const DebounceWindow* DebounceBook::open_window(const Place& place, Time now) const {
  const auto there = by_place_.find(place);
  if (there == by_place_.end()) return nullptr;
  const DebounceWindow& window = windows_.at(there->second.back());
  return takes_events(window, now) ? &window : nullptr;
}

void DebounceBook::note_event(const DebounceWindow& window) {
  if (window.has_user_id) current_[window.place.function].insert(window.event);
}

void DebounceBook::forget_event(const DebounceWindow& window) {
  if (!window.has_user_id) return;
  const auto events = current_.find(window.place.function);
  events->second.erase(window.event);
  if (events->second.empty()) current_.erase(events);
}

}  // namespace stepwell::flow
