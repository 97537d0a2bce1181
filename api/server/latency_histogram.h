// Counts durations in buckets whose width grows with them (a quarter of a power of two each), so
// that a percentile is at most 25 % too high at any size. Fixed memory, no allocation. One thread.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

namespace stepwell::server {

class LatencyHistogram {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  void record(Nanoseconds duration) {
    const auto nanos = duration.count() < 0 ? 0 : static_cast<uint64_t>(duration.count());
    ++buckets_[bucket_of(nanos)];
    ++count_;
    if (nanos > max_) max_ = nanos;
  }

  // The duration that a share `quantile` (0 to 1) of the records does not exceed, rounded up to the
  // end of its bucket; zero if nothing was recorded.
  Nanoseconds quantile(double quantile) const {
    const auto wanted = static_cast<uint64_t>(quantile * static_cast<double>(count_));
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
      seen += buckets_[bucket];
      if (seen > wanted || (seen == count_ && seen > 0)) {
        const uint64_t end = end_of(bucket);
        return Nanoseconds(static_cast<int64_t>(end < max_ ? end : max_));
      }
    }
    return Nanoseconds(0);
  }

  Nanoseconds max() const { return Nanoseconds(static_cast<int64_t>(max_)); }
  uint64_t count() const { return count_; }
  void clear() { *this = LatencyHistogram(); }

 private:
  static constexpr size_t kSubBits = 2;

  static size_t bucket_of(uint64_t nanos) {
    if (nanos < (1u << kSubBits)) return nanos;
    const auto magnitude = static_cast<size_t>(std::bit_width(nanos)) - 1 - kSubBits;
    return (magnitude << kSubBits) + (nanos >> magnitude);
  }
  static uint64_t end_of(size_t bucket) {
    if (bucket < (2u << kSubBits)) return bucket;
    const size_t magnitude = (bucket >> kSubBits) - 1;
    const uint64_t top = bucket - (magnitude << kSubBits);
    return ((top + 1) << magnitude) - 1;
  }

  // 62 magnitudes cover the non-negative int64_t.
  std::array<uint64_t, 63 << kSubBits> buckets_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace stepwell::server
