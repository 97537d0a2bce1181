#include "engine/flow/rate_book.h"

#include <algorithm>

namespace stepwell::flow {
namespace {

// How long a slot is; zero: every start is kept by itself.
Duration slot_of(const RateLimit& limit) {
  if (limit.limit <= kRateEntriesMax) return Duration::zero();
  return (limit.period + Duration(kRateEntriesMax - 1)) / kRateEntriesMax;
}

// The last millisecond of the slot that `now` lies in.
Time end_of_slot(Time now, Duration slot) {
  if (slot == Duration::zero()) return now;
  const Duration into = now.time_since_epoch() % slot;
  return now - into + slot - Duration(1);
}

}  // namespace

RateBook::Windows::value_type& RateBook::window_of(const Place& place) {
  const auto [found, is_new] = windows_.try_emplace(place);
  if (is_new) found->second.number = ++last_number_;
  return *found;
}

void RateBook::expect_idle(Windows::value_type& named, Time at) {
  Window& window = named.second;
  idle_.erase({window.idle_at, window.number});
  window.idle_at = at;
  idle_.emplace(std::pair(at, window.number), &named);
}

RateBook::Decision RateBook::admit(const Place& place, const RateLimit& limit, Position pos,
                                   Time now) {
  Decision decision;
  Windows::value_type& named = window_of(place);
  Window& window = named.second;
  while (window.first < window.entries.size() &&
         window.entries[window.first].at + limit.period <= now) {
    window.total -= window.entries[window.first].count;
    decision.forgotten_up_to = window.entries[window.first++].pos;
  }
  if (window.total >= limit.limit) {
    int64_t left = window.total;
    size_t next = window.first;
    while (left >= limit.limit) left -= window.entries[next++].count;
    decision.admits_at = window.entries[next - 1].at + limit.period;
    return decision;
  }
  if (window.first * 2 >= window.entries.size()) {
    const auto begin = window.entries.begin();
    window.entries.erase(begin, begin + static_cast<ptrdiff_t>(window.first));
    window.first = 0;
  }
  Time at = end_of_slot(now, slot_of(limit));
  // After a clock that jumped back the order stays that of the positions.
  if (!window.entries.empty()) at = std::max(at, window.entries.back().at);
  const bool joins =
      limit.limit > kRateEntriesMax && !window.entries.empty() && window.entries.back().at == at;
  if (joins) {
    ++window.entries.back().count;
  } else {
    window.entries.push_back({pos, at, 1});
  }
  ++window.total;
  expect_idle(named, at + limit.period);
  decision.is_admitted = true;
  decision.entry = window.entries.back();
  return decision;
}

void RateBook::recover(const Place& place, const RateEntry& entry, Duration period) {
  Windows::value_type& named = window_of(place);
  named.second.entries.push_back(entry);
  named.second.total += entry.count;
  expect_idle(named, entry.at + period);
}

std::optional<Time> RateBook::next_idle() const {
  return idle_.empty() ? std::nullopt : std::optional(idle_.begin()->first.first);
}

int64_t RateBook::counted(const Window& window, Duration period, Time now) {
  int64_t used = 0;
  for (size_t i = window.first; i < window.entries.size(); ++i) {
    if (window.entries[i].at + period > now) used += window.entries[i].count;
  }
  return used;
}

int64_t RateBook::used(const Place& place, Duration period, Time now) const {
  const auto found = windows_.find(place);
  return found == windows_.end() ? 0 : counted(found->second, period, now);
}

std::vector<RateBook::Usage> RateBook::usage(std::string_view function, Duration period,
                                             Time now) const {
  std::vector<Usage> all;
  for (const auto& [due, named] : idle_) {
    if (named->first.function != function) continue;
    const int64_t used = counted(named->second, period, now);
    if (used > 0) all.push_back({named->first.key, used});
  }
  return all;
}

}  // namespace stepwell::flow
