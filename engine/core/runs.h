// The open runs, by number and by id. There may be very many that wait: beside itself a run takes
// two places of eight bytes, at least half of which are used, and no nodes.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "schema/ids.h"
#include "schema/run.h"

namespace stepwell::core {

struct Run;

// Finds runs by a key of theirs, which is a RunNo or a RunId. A hash table with linear probing that
// is half to three quarters full once it has grown; it does not own them.
template <typename Key>
class RunIndex {
 public:
  // Null: there is none.
  Run* find(const Key& key) const;
  // No other run has its key.
  void add(Run* run);
  // It is there.
  void remove(const Run* run);
  size_t size() const { return size_; }
  // The runs, in no order, among null pointers.
  const std::vector<Run*>& places() const { return places_; }

 private:
  size_t home_of(const Key& key) const;
  size_t next(size_t place) const { return place + 1 == places_.size() ? 0 : place + 1; }
  // How many places one has to go on from `from` to be at `to`.
  size_t distance(size_t from, size_t to) const {
    return to >= from ? to - from : to + places_.size() - from;
  }
  void put(Run* run);

  std::vector<Run*> places_;
  size_t size_ = 0;
};

class Runs {
 public:
  Runs() = default;
  ~Runs();
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;

  // Null: no such run is open.
  Run* find(RunNo no) const { return by_number_.find(no); }
  Run* find(const RunId& id) const { return by_id_.find(id); }
  bool contains(RunNo no) const { return find(no) != nullptr; }
  // It is open.
  Run& at(RunNo no) const;

  // Takes a run in, whose number and id no other has.
  void add(std::unique_ptr<Run> run);
  // Gives one back that is open.
  std::unique_ptr<Run> remove(Run& run);

  size_t size() const { return by_number_.size(); }
  // Of all, in rising order.
  std::vector<RunNo> numbers() const;

 private:
  RunIndex<RunNo> by_number_;  // owns them
  RunIndex<RunId> by_id_;
};

}  // namespace stepwell::core
