// Arrays for millions of small records: they grow a chunk at a time and never move what they hold,
// so that growing costs no pause and leaves no half-empty copy behind.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace stepwell::expr {

// "No record", for numbers of records.
constexpr uint32_t kNoRecord = 0xFFFFFFFF;

// Chunks double from 1 to 2,048 elements, so that a small array is small; then each has 4,096.
template <typename T>
class SteadyArray {
 public:
  T& operator[](uint32_t i) { return chunks_[chunk_of(i)][offset_in_chunk(i)]; }
  const T& operator[](uint32_t i) const { return chunks_[chunk_of(i)][offset_in_chunk(i)]; }
  uint32_t size() const { return size_; }

  void push_back(T value) {
    const uint32_t chunk = chunk_of(size_);
    if (chunk == chunks_.size()) {
      chunks_.push_back(std::make_unique<T[]>(std::size_t{capacity_of(chunk)}));
    }
    chunks_[chunk][offset_in_chunk(size_)] = std::move(value);
    ++size_;
  }

  void pop_back() {
    --size_;
    if (offset_in_chunk(size_) == 0) chunks_.pop_back();
  }

 private:
  static constexpr uint32_t kFirst = 1;
  static constexpr uint32_t kDoublings = 12;
  static constexpr uint32_t kLargest = kFirst << kDoublings;
  static constexpr uint32_t kInDoubling = kLargest - kFirst;  // elements before the equal chunks

  static uint32_t capacity_of(uint32_t chunk) {
    return chunk < kDoublings ? kFirst << chunk : kLargest;
  }
  static uint32_t chunk_of(uint32_t i) {
    if (i >= kInDoubling) return kDoublings + (i - kInDoubling) / kLargest;
    return static_cast<uint32_t>(std::bit_width(i / kFirst + 1)) - 1;
  }
  static uint32_t offset_in_chunk(uint32_t i) {
    if (i >= kInDoubling) return (i - kInDoubling) % kLargest;
    return i + kFirst - std::bit_floor(i + kFirst);
  }

  std::vector<std::unique_ptr<T[]>> chunks_;
  uint32_t size_ = 0;
};

// Records that come and go; the numbers of those that have gone are given out again.
template <typename T>
class Pool {
 public:
  T& operator[](uint32_t i) { return records_[i]; }
  const T& operator[](uint32_t i) const { return records_[i]; }
  uint32_t size() const { return records_.size(); }  // with those that have gone

  uint32_t take(T value) {
    if (free_.empty()) {
      records_.push_back(std::move(value));
      return records_.size() - 1;
    }
    const uint32_t number = free_.back();
    free_.pop_back();
    records_[number] = std::move(value);
    return number;
  }

  void give_back(uint32_t number) {
    records_[number] = T{};
    free_.push_back(number);
  }

 private:
  SteadyArray<T> records_;
  std::vector<uint32_t> free_;
};

}  // namespace stepwell::expr
