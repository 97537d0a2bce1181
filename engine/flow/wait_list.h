// Runs in the order of their turns: few bytes each, since there may be very many.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace stepwell::flow {

struct Waiting {
  int64_t score = 0;
  uint64_t run = 0;
  auto operator<=>(const Waiting&) const = default;
};

// An ordered set in blocks. Most runs come last and leave first, in which case blocks are full;
// every operation costs the logarithm of the size and at most a block's move.
class WaitList {
 public:
  bool empty() const { return blocks_.empty(); }
  size_t size() const;
  // The list is not empty.
  const Waiting& first() const { return blocks_.front().front(); }
  bool contains(const Waiting& waiting) const;
  // How many come before it.
  size_t place_of(const Waiting& waiting) const;
  // It is not there yet.
  void insert(const Waiting& waiting);
  // False: it was not there.
  bool erase(const Waiting& waiting);

 private:
  using Block = std::vector<Waiting>;
  // The first block that does not end before it.
  size_t block_for(const Waiting& waiting) const;

  std::vector<Block> blocks_;  // none is empty
};

}  // namespace stepwell::flow
