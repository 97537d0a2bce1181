// The literals of one wait, apart from the expression that it shares with others: a few bytes
// instead of a tree.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/arena.h"
#include "engine/expr/value.h"

namespace stepwell::expr {

// Appends null, bools, numbers, text and lists of these. Equal bytes are equal literals of one
// kind.
void encode_literal(std::string& out, const Value& value);

// Reads what encode_literal wrote, from `at` on, and moves behind it. Text is borrowed; the items
// of lists come into the arena.
Value decode_literal(const char*& at, Arena& arena);

// Memory for many small texts of different lengths.
class TextStore {
 public:
  // A copy of `text`; view() of what this returns gives it back.
  char* put(std::string_view text);
  static std::string_view view(const char* stored);
  void drop(char* stored);

 private:
  static constexpr size_t kStep = 8;
  static constexpr size_t kLargestShared = 256;  // longer ones are allocated on their own
  static constexpr size_t kFirstBlock = 256;
  static constexpr size_t kLargestBlock = 64 * 1024;

  char* take(size_t bytes);

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* at_ = nullptr;
  size_t left_ = 0;
  size_t block_size_ = kFirstBlock / 2;
  std::array<char*, kLargestShared / kStep + 1> free_{};  // by size; each begins with the next
};

}  // namespace stepwell::expr
