// Memory of one evaluation: bump allocation, freed all at once. The first kilobyte lives inside the
// object, so that an evaluation that builds nothing large allocates nothing.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace stepwell::expr {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialised room for `count` objects that need no destructor.
  template <typename T>
  T* allocate(size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kAlignment);
    return reinterpret_cast<T*>(allocate_bytes(count * sizeof(T)));
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* room = allocate_bytes(text.size());
    std::memcpy(room, text.data(), text.size());
    return {room, text.size()};
  }

  // Forgets everything that was allocated; keeps one block for the next evaluation.
  void reset() {
    if (blocks_.size() > 1) blocks_.erase(blocks_.begin(), blocks_.end() - 1);
    if (blocks_.empty()) {
      at_ = inline_;
      end_ = inline_ + sizeof inline_;
    } else {
      at_ = blocks_.front().bytes.get();
      end_ = at_ + blocks_.front().size;
    }
  }

 private:
  static constexpr size_t kAlignment = 16;
  static constexpr size_t kBlockSize = 4096;

  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };

  char* allocate_bytes(size_t size) {
    size = (size + kAlignment - 1) & ~(kAlignment - 1);
    if (size > static_cast<size_t>(end_ - at_)) add_block(size);
    char* room = at_;
    at_ += size;
    return room;
  }

  void add_block(size_t at_least) {
    const size_t grown = blocks_.empty() ? kBlockSize : 2 * blocks_.back().size;
    const size_t size = grown > at_least ? grown : at_least;
    // operator new[] aligns to 16 bytes, as allocate() promises.
    blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
    at_ = blocks_.back().bytes.get();
    end_ = at_ + size;
  }

  alignas(kAlignment) char inline_[1024];
  char* at_ = inline_;
  char* end_ = inline_ + sizeof inline_;
  std::vector<Block> blocks_;
};

}  // namespace stepwell::expr
