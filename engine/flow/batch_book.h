// Batches: events of a key that start one run together.
//
//   (none) ──event──► open, due a timeout later ──event──► open, with one more
//                       │
//                     full (by number or bytes), or due
//                       ▼
//                     closed: its events are being read ──started──► (gone)
//
// An event is in one batch of a function, at most; a copy of one that is in a batch is ignored. A
// batch that an event would make larger than kBatchBytesMax starts without it.
//
// Holds positions, no events. Pure: whoever drives it writes what add() changed. Costs O(1).
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

// Upstream's figure. An event has 3 MiB at most, so that each fits.
inline constexpr size_t kBatchBytesMax = 10u << 20;

struct BatchedEvent {
  Position pos = 0;
  Position row = 0;  // under which it is kept: a position of its own, rising in each function
  size_t bytes = 0;
  bool has_user_id = false;
  std::optional<InvokedBy> invoker = {};  // who waits for what it starts
};

// Rows from one to another, both included.
struct RowRange {
  Position from = 0;
  Position up_to = 0;
  bool operator==(const RowRange&) const = default;
};

struct EventBatch {
  Position no = 0;  // its name: a position of its own
  Place place;
  std::vector<Position> events;  // in the order of their arrival
  // Of the function's rows those of its events: all in one range while no other batch gets any.
  std::vector<RowRange> rows;
  std::vector<Position> with_user_id;
  std::vector<InvokedBy> invokers;
  size_t bytes = 0;
  Time opened_at{};
  Time due{};
  bool is_closed = false;  // full or due, and its events are being read
};

class BatchBook {
 public:
  struct Outcome {
    bool is_copy = false;           // nothing changed
    EventBatch* batch = nullptr;    // that the event is in
    bool is_new = false;            // the batch was opened for it
    bool is_full = false;           // it takes no further event: to be closed and started
    EventBatch* without = nullptr;  // another, which had no room for it: likewise
  };
  // `copies`: earlier ones of the event; `no` is the name of the batch if the event opens one.
  Outcome add(const Place& place, const Batching& config, const BatchedEvent& event,
              const std::vector<Position>& copies, Time now, Position no);

  // Whether add() would find a copy of one of these events in a batch of the function.
  bool is_copy(const std::string& function, const std::vector<Position>& copies) const;

  // What was kept: batches of a function in the order of their numbers, before its events, which
  // come in the order of their rows.
  void recover(EventBatch batch);
  void recover_event(Position batch, const BatchedEvent& event);

  // Null if there is none of this number.
  EventBatch* find(Position no);
  // What comes now opens another batch.
  void close(EventBatch& batch);
  // It has started its run, or never will.
  void remove(Position no);

  // The batch that the next event of the place joins; null if it opens one.
  const EventBatch* open_batch(const Place& place, Time now) const;
  size_t size() const { return batches_.size(); }
  // In the order of their numbers.
  const std::map<Position, EventBatch>& all() const { return batches_; }

 private:
  EventBatch* open_batch_of(const Place& place, Time now);
  EventBatch& open(const Place& place, const Batching& config, Time now, Position no);
  void put_in(EventBatch& batch, const BatchedEvent& event);

  std::map<Position, EventBatch> batches_;
  // Of each place the newest batch that is there.
  std::unordered_map<Place, Position, PlaceHash> newest_;
  // By function: the batch that has the newest row.
  std::unordered_map<std::string, Position> last_joined_;
  // By function: the events in batches that have ids of their senders.
  std::unordered_map<std::string, std::unordered_set<Position>> members_;
};

}  // namespace stepwell::flow
