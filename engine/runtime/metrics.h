// What the runtime measures of itself: counters and distributions, written by one thread, read by
// any.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace stepwell::runtime {

// How values are spread, in buckets whose width grows with them (a quarter of a power of two), so
// that a quantile is at most a quarter too high. Fixed memory. One thread records, any reads.
class Distribution {
 public:
  void record(uint64_t value) {
    add(buckets_[bucket_of(value)], 1);
    add(count_, 1);
    add(sum_, value);
    if (value > max()) max_.store(value, std::memory_order_relaxed);
  }

  // The value that a share `quantile` (0 to 1) of the records does not exceed, rounded up to the
  // end of its bucket; 0 if nothing was recorded.
  uint64_t quantile(double quantile) const {
    auto wanted = static_cast<uint64_t>(quantile * static_cast<double>(count()));
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
      seen += buckets_[bucket].load(std::memory_order_relaxed);
      if (seen > wanted) return end_of(bucket) < max() ? end_of(bucket) : max();
    }
    return max();
  }

  uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }
  uint64_t max() const { return max_.load(std::memory_order_relaxed); }

 private:
  static constexpr int kSubBits = 2;

  // With one writer this needs no locked instruction.
  static void add(std::atomic<uint64_t>& to, uint64_t value) {
    to.store(to.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  }
  static size_t bucket_of(uint64_t value) {
    if (value < (1u << kSubBits)) return value;
    auto magnitude = static_cast<size_t>(std::bit_width(value)) - 1 - kSubBits;
    return (magnitude << kSubBits) + (value >> magnitude);
  }
  static uint64_t end_of(size_t bucket) {
    if (bucket < (2u << kSubBits)) return bucket;
    size_t magnitude = (bucket >> kSubBits) - 1;
    uint64_t top = bucket - (magnitude << kSubBits);
    return (top << magnitude) + ((uint64_t{1} << magnitude) - 1);
  }

  std::array<std::atomic<uint64_t>, 63 << kSubBits> buckets_{};
  std::atomic<uint64_t> count_{0};
  std::atomic<uint64_t> sum_{0};
  std::atomic<uint64_t> max_{0};
};

// Since the start of the process.
struct Metrics {
  Distribution input_wait_micros;  // from submit to apply: the lag of the loop
  Distribution commit_micros;      // of one batch, at the journal
  Distribution batch_records;      // what one batch wrote
  std::atomic<uint64_t> inputs{0};
  std::atomic<uint64_t> refused{0};       // answered kUnavailable before they reached the core
  std::atomic<uint64_t> failed_reads{0};  // of the engine's own
};

}  // namespace stepwell::runtime
