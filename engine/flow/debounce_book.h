// Debounces: of the events of a key that come in quick succession only the latest starts a run.
//
//   (none) ──event──► open, due a period later ──later event──► open, due a period after that
//                       │                       ──older event──► open, as it was
//                     due (never more than the timeout after the first event)
//                       ▼
//                     closed: its event is being read ──started──► (gone)
//
// What comes once a window is due opens another, whether or not the first has been started. "Later"
// is decided by the events' own time; of two with the same time, the one that came later.
//
// Holds positions, no events. Pure: whoever drives it writes what add() changed. Costs
// O(log n) for n events with ids in a window.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/flow/place.h"
#include "schema/flow_control.h"
#include "schema/run.h"
#include "schema/time.h"

namespace stepwell::flow {

struct DebounceWindow {
  Position no = 0;  // its name: a position of its own
  Place place;
  Position first_event = 0;
  Position event = 0;  // the latest, which will start a run
  Time ts{};           // of that event, as its sender says
  bool has_user_id = false;
  std::optional<InvokedBy> invoker;  // who waits for what that event starts
  Time opened_at{};
  Time due{};
  uint32_t events = 1;  // that came, with those that were replaced
  // Of those that came and will start nothing the ones with ids of their senders, in order.
  std::vector<Position> passed_over = {};
  // Recovered: which those are is not known. From `first_event` up to here all are taken for such.
  Position unknown_up_to = 0;
  bool is_closed = false;  // due, and its event is being read
  Time alarm{};            // when it is looked at next; may lie before `due`
};

struct DebounceArrival {
  Position event = 0;
  Time ts{};
  Time now{};
  bool has_user_id = false;
  std::vector<Position> copies = {};  // earlier ones of the event
  std::optional<InvokedBy> invoker = {};
};

class DebounceBook {
 public:
  enum class Effect : uint8_t {
    kOpened,
    kReplaced,  // it takes the place of the event that was there
    kOlder,     // nothing changed: it is older than the event that is there
    kCopy,      // nothing changed: an earlier copy of it is or was in the window
  };
  struct Outcome {
    Effect effect = Effect::kOpened;
    DebounceWindow* window = nullptr;    // may be changed until the next call; not for kCopy
    std::optional<InvokedBy> displaced;  // waits for an event that will not start a run
  };
  // `no` is the name of the window if the event opens one.
  Outcome add(const Place& place, const Debounce& config, const DebounceArrival& arrival,
              Position no);

  // Whether add() would find a copy of one of these events: of what will start a run, in this place
  // or another; or of what was here and was replaced.
  bool is_copy(const Place& place, const std::vector<Position>& copies) const;

  // A window as it was kept; those of one place in the order of their numbers. `last`: the newest
  // position of the journal.
  void recover(DebounceWindow window, Position last);

  // Null if there is none of this number.
  DebounceWindow* find(Position no);
  // What comes now opens another window.
  void close(DebounceWindow& window);
  // It has started its run, or never will.
  void remove(Position no);

  // The window that the next event of the place meets; null if it opens one.
  const DebounceWindow* open_window(const Place& place, Time now) const;
  size_t size() const { return windows_.size(); }
  // In the order of their numbers.
  const std::map<Position, DebounceWindow>& all() const { return windows_; }

 private:
  DebounceWindow& open(const Place& place, const Debounce& config, const DebounceArrival& arrival,
                       Position no);
  void insert(DebounceWindow window);
  void note_event(const DebounceWindow& window);
  void forget_event(const DebounceWindow& window);

  std::map<Position, DebounceWindow> windows_;
  // Of each place the windows that are there, the newest last.
  std::unordered_map<Place, std::vector<Position>, PlaceHash> by_place_;
  // By function: the events with ids of their senders that will start a run.
  std::unordered_map<std::string, std::unordered_set<Position>> current_;
};

}  // namespace stepwell::flow
