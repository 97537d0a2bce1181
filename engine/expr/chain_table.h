// A hash table whose chains run through the records themselves (linear hashing): it grows and
// shrinks by one bucket at a time, with about one record a bucket and four bytes a record. Buckets
// are split in their order, so that the records of the next one can be fetched ahead.
#pragma once

#include <bit>
#include <cstdint>

#include "engine/expr/steady_array.h"

namespace stepwell::expr {

// `Links` knows the records: uint32_t& next(uint32_t record); uint32_t hash(uint32_t record);
// void fetch(uint32_t record), which asks the processor to have it at hand soon.
template <typename Links>
class ChainTable {
 public:
  // The first record of the chain in which those of this hash are, among others.
  uint32_t first(uint32_t hash) const {
    return heads_.size() == 0 ? kNoRecord : heads_[bucket_of(hash)];
  }

  // Asks the processor for what first() will read.
  void fetch(uint32_t hash) const {
    if (heads_.size() > 0) __builtin_prefetch(&heads_[bucket_of(hash)]);
  }

  void insert(uint32_t record, Links& links) {
    if (count_++ == heads_.size()) add_bucket(links);
    uint32_t& head = heads_[bucket_of(links.hash(record))];
    links.next(record) = head;
    head = record;
  }

  void remove(uint32_t record, Links& links) {
    *place_of(record, links) = links.next(record);
    --count_;
    while (heads_.size() > 0 && count_ < heads_.size() / 2) remove_bucket(links);
    if (count_ == 0 && heads_.size() > 0) heads_.pop_back();
  }

  // Puts `record` where `old` of the same hash is.
  void replace(uint32_t old, uint32_t record, Links& links) {
    uint32_t* place = place_of(old, links);
    links.next(record) = links.next(old);
    *place = record;
  }

 private:
  uint32_t bucket_of(uint32_t hash) const {
    const uint32_t count = heads_.size();
    const uint32_t half = std::bit_floor(count);
    const uint32_t bucket = hash & (2 * half - 1);
    return bucket < count ? bucket : hash & (half - 1);
  }

  uint32_t* place_of(uint32_t record, Links& links) {
    uint32_t* place = &heads_[bucket_of(links.hash(record))];
    while (*place != record) place = &links.next(*place);
    return place;
  }

  // The records of one older bucket spread over it and the new one.
  void add_bucket(Links& links) {
    const uint32_t added = heads_.size();
    heads_.push_back(kNoRecord);
    if (added == 0) return;
    uint32_t& source = heads_[added - std::bit_floor(added)];
    uint32_t record = source;
    source = kNoRecord;
    while (record != kNoRecord) {
      const uint32_t following = links.next(record);
      uint32_t& head = heads_[bucket_of(links.hash(record))];
      links.next(record) = head;
      head = record;
      record = following;
    }
    const uint32_t next_source = heads_[added + 1 - std::bit_floor(added + 1)];
    if (next_source != kNoRecord) links.fetch(next_source);
  }

  void remove_bucket(Links& links) {
    const uint32_t last = heads_.size() - 1;
    uint32_t record = heads_[last];
    if (last > 0) {
      uint32_t& target = heads_[last - std::bit_floor(last)];
      while (record != kNoRecord) {
        const uint32_t following = links.next(record);
        links.next(record) = target;
        target = record;
        record = following;
      }
    }
    heads_.pop_back();
  }

  SteadyArray<uint32_t> heads_;
  uint32_t count_ = 0;
};

}  // namespace stepwell::expr
