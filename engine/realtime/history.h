// The messages of one channel that are kept, the oldest first: a queue with random access that
// takes 32 bytes while it is empty. Every run has a channel, and most say a word or two, for which
// a std::deque would take half a kilobyte.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "engine/realtime/message.h"

namespace stepwell::realtime {

class History {
 public:
  using Entry = std::shared_ptr<const Message>;
  using Iterator = std::vector<Entry>::const_iterator;
  using ReverseIterator = std::vector<Entry>::const_reverse_iterator;

  bool empty() const { return begin() == end(); }
  Iterator begin() const { return entries_.begin() + passed(); }
  Iterator end() const { return entries_.end(); }
  ReverseIterator rbegin() const { return entries_.rbegin(); }
  ReverseIterator rend() const { return ReverseIterator(begin()); }
  size_t size() const { return entries_.size() - passed_; }
  // Behind so many older ones. There are more than that.
  const Entry& operator[](size_t older) const { return entries_[passed_ + older]; }
  // The oldest. There is one.
  const Entry& front() const { return entries_[passed_]; }

  void push_back(Entry entry) { entries_.push_back(std::move(entry)); }

  // Forgets the oldest. The rest moves when more than half of all places are empty: one move for
  // each message that was forgotten, at most.
  void pop_front() {
    entries_[passed_++].reset();
    if (passed_ * 2 <= entries_.size()) return;
    std::vector<Entry> rest(std::make_move_iterator(entries_.begin() + passed()),
                            std::make_move_iterator(entries_.end()));
    entries_ = std::move(rest);
    passed_ = 0;
  }

 private:
  ptrdiff_t passed() const { return static_cast<ptrdiff_t>(passed_); }

  std::vector<Entry> entries_;
  size_t passed_ = 0;  // places at its front that are empty
};

}  // namespace stepwell::realtime
