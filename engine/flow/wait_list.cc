#include "engine/flow/wait_list.h"

#include <algorithm>

namespace stepwell::flow {
namespace {

constexpr size_t kBlockMax = 128;
constexpr size_t kFirstCapacity = 4;

// Grows by halves: doubling would cost more than the entries of a short list.
void make_room(std::vector<Waiting>& block) {
  if (block.size() < block.capacity()) return;
  block.reserve(std::min(kBlockMax, std::max(kFirstCapacity, block.size() * 3 / 2)));
}

}  // namespace

size_t WaitList::size() const {
  size_t size = 0;
  for (const Block& block : blocks_) size += block.size();
  return size;
}

size_t WaitList::block_for(const Waiting& waiting) const {
  const auto found =
      std::lower_bound(blocks_.begin(), blocks_.end(), waiting,
                       [](const Block& block, const Waiting& key) { return block.back() < key; });
  return static_cast<size_t>(found - blocks_.begin());
}

bool WaitList::contains(const Waiting& waiting) const {
  const size_t index = block_for(waiting);
  return index < blocks_.size() &&
         std::binary_search(blocks_[index].begin(), blocks_[index].end(), waiting);
}

size_t WaitList::place_of(const Waiting& waiting) const {
  const size_t index = block_for(waiting);
  size_t place = 0;
  for (size_t i = 0; i < index; ++i) place += blocks_[i].size();
  if (index == blocks_.size()) return place;
  const Block& block = blocks_[index];
  return place +
         static_cast<size_t>(std::lower_bound(block.begin(), block.end(), waiting) - block.begin());
}

void WaitList::insert(const Waiting& waiting) {
  size_t index = block_for(waiting);
  if (index == blocks_.size()) {  // behind all others
    if (blocks_.empty() || blocks_.back().size() == kBlockMax) blocks_.emplace_back();
    make_room(blocks_.back());
    blocks_.back().push_back(waiting);
    return;
  }
  if (blocks_[index].size() == kBlockMax) {
    const auto middle = blocks_[index].begin() + kBlockMax / 2;
    Block upper(middle, blocks_[index].end());
    blocks_[index].erase(middle, blocks_[index].end());
    blocks_.insert(blocks_.begin() + static_cast<ptrdiff_t>(index) + 1, std::move(upper));
    if (blocks_[index].back() < waiting) ++index;
  }
  Block& block = blocks_[index];
  make_room(block);
  block.insert(std::lower_bound(block.begin(), block.end(), waiting), waiting);
}

bool WaitList::erase(const Waiting& waiting) {
  const size_t index = block_for(waiting);
  if (index == blocks_.size()) return false;
  Block& block = blocks_[index];
  const auto found = std::lower_bound(block.begin(), block.end(), waiting);
  if (*found != waiting) return false;
  block.erase(found);
  if (block.empty()) blocks_.erase(blocks_.begin() + static_cast<ptrdiff_t>(index));
  return true;
}

}  // namespace stepwell::flow
