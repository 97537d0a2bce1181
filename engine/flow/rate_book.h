// Rate limits: which starts of a key lie in the last period. A sliding window: a run starts if and
// only if fewer than `limit` starts of its key lie in the last `period`, so that no stretch of that
// length ever holds more.
//
// Each start is remembered by itself up to kRateEntriesMax of them; beyond that, as many to a slot
// of the period, all of which count as if they had come with the slot's last millisecond. That is
// rounded against the caller: a limit is never exceeded, a start may come a thousandth of the
// period late.
//
// Pure: what is to be written is returned, see Decision. Costs O(log n) for n keys.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/flow/place.h"
#include "schema/flow_control.h"
#include "schema/run.h"
#include "schema/time.h"

namespace stepwell::flow {

// Limits up to this are counted exactly.
inline constexpr int64_t kRateEntriesMax = 1000;

// A start, or those of one slot.
struct RateEntry {
  Position pos = 0;  // of the event that started the first of them
  Time at{};         // they count until a period after this
  uint32_t count = 1;
  bool operator==(const RateEntry&) const = default;
};

class RateBook {
 public:
  struct Decision {
    bool is_admitted = false;
    RateEntry entry;                // admitted: to be kept, in place of one at the same position
    Position forgotten_up_to = 0;   // entries up to here count no more; 0: none
    std::optional<Time> admits_at;  // refused: when a start would be admitted, if none comes
  };

  // May a run that the event at `pos` triggers start at `now`? If so it is counted.
  Decision admit(const Place& place, const RateLimit& limit, Position pos, Time now);

  // An entry that was kept; entries of one place come in the order of their positions. `period` as
  // of the function's limit now; zero if it has none.
  void recover(const Place& place, const RateEntry& entry, Duration period);

  // Places of which nothing counts any more, at most `most`; they are forgotten. `period_of`
  // (Duration(const std::string& function)) is asked for the period that counts now.
  template <typename PeriodOf>
  std::vector<Place> take_idle(Time now, size_t most, const PeriodOf& period_of);

  // When something may be forgotten next; nothing if the book is empty.
  std::optional<Time> next_idle() const;

  // How many starts of the place count at `now`.
  int64_t used(const Place& place, Duration period, Time now) const;

  // The keys of a function of which starts count at `now`, and how many; first those that will be
  // idle first. Costs O(all places).
  struct Usage {
    std::string key;
    int64_t used = 0;
  };
  std::vector<Usage> usage(std::string_view function, Duration period, Time now) const;

  size_t places() const { return windows_.size(); }

 private:
  struct Window {
    std::vector<RateEntry> entries;  // in order of position and of time
    size_t first = 0;                // those before it count no more
    int64_t total = 0;               // of the counts from `first` on
    uint64_t number = 0;
    Time idle_at{};  // with its number: its place in idle_
  };
  using Windows = std::unordered_map<Place, Window, PlaceHash>;

  Windows::value_type& window_of(const Place& place);
  static int64_t counted(const Window& window, Duration period, Time now);
  void expect_idle(Windows::value_type& named, Time at);

  Windows windows_;
  // When nothing of a place will count any more, by what is known of its limit.
  std::map<std::pair<Time, uint64_t>, Windows::value_type*> idle_;
  uint64_t last_number_ = 0;
};

template <typename PeriodOf>
std::vector<Place> RateBook::take_idle(Time now, size_t most, const PeriodOf& period_of) {
  std::vector<Place> taken;
  for (size_t seen = 0; seen < most && !idle_.empty(); ++seen) {
    const auto [due, named] = *idle_.begin();
    if (due.first > now) break;
    const Time idle_at = named->second.entries.back().at + period_of(named->first.function);
    if (idle_at > now) {  // the limit's period was made longer
      expect_idle(*named, idle_at);
      continue;
    }
    idle_.erase(idle_.begin());
    taken.push_back(named->first);
    windows_.erase(taken.back());
  }
  return taken;
}

}  // namespace stepwell::flow
