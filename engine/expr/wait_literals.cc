#include "engine/expr/wait_literals.h"

#include <algorithm>
#include <cstring>

namespace stepwell::expr {
namespace {

template <typename T>
void append_number(std::string& out, T number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

template <typename T>
T read_number(const char*& at) {
  T number{};
  std::memcpy(&number, at, sizeof number);
  at += sizeof number;
  return number;
}

// Seven bits a byte, the lowest first.
void append_length(std::string& out, size_t length) {
  for (; length >= 0x80; length >>= 7) out += static_cast<char>(length | 0x80);
  out += static_cast<char>(length);
}

size_t read_length(const char*& at) {
  size_t length = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    length |= static_cast<size_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return length;
  }
}

}  // namespace

void encode_literal(std::string& out, const Value& value) {
  out += static_cast<char>(value.kind());
  switch (value.kind()) {
    case Kind::kBool:
      out += static_cast<char>(value.as_bool());
      return;
    case Kind::kInt:
      return append_number(out, value.as_int());
    case Kind::kUint:
      return append_number(out, value.as_uint());
    case Kind::kDouble:
      return append_number(out, value.as_double());
    case Kind::kString:
      append_length(out, value.text().size());
      out += value.text();
      return;
    case Kind::kList:
      append_length(out, value.items().size());
      for (const Value& item : value.items()) encode_literal(out, item);
      return;
    default:
      return;  // null
  }
}

Value decode_literal(const char*& at, Arena& arena) {
  const auto kind = static_cast<Kind>(*at++);
  switch (kind) {
    case Kind::kBool:
      return Value::boolean(*at++ != 0);
    case Kind::kInt:
      return Value::integer(read_number<int64_t>(at));
    case Kind::kUint:
      return Value::natural(read_number<uint64_t>(at));
    case Kind::kDouble:
      return Value::number(read_number<double>(at));
    case Kind::kString: {
      const size_t length = read_length(at);
      const std::string_view text(at, length);
      at += length;
      return Value::string(text);
    }
    case Kind::kList: {
      const size_t length = read_length(at);
      Value* items = arena.allocate<Value>(length);
      for (size_t i = 0; i < length; ++i) items[i] = decode_literal(at, arena);
      return Value::list({items, length});
    }
    default:
      return Value::null();
  }
}

std::string_view TextStore::view(const char* stored) {
  uint32_t size = 0;
  std::memcpy(&size, stored, sizeof size);
  return {stored + sizeof size, size};
}

char* TextStore::put(std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  char* stored = take(sizeof size + text.size());
  std::memcpy(stored, &size, sizeof size);
  if (!text.empty()) std::memcpy(stored + sizeof size, text.data(), text.size());
  return stored;
}

char* TextStore::take(size_t bytes) {
  bytes = std::max(bytes, kStep);
  if (bytes > kLargestShared) return new char[bytes];
  const size_t steps = (bytes + kStep - 1) / kStep;
  if (char* free = free_[steps]) {
    std::memcpy(static_cast<void*>(&free_[steps]), free, sizeof(char*));
    return free;
  }
  if (left_ < steps * kStep) {
    block_size_ = std::min(2 * block_size_, kLargestBlock);
    blocks_.push_back(std::make_unique<char[]>(block_size_));
    at_ = blocks_.back().get();
    left_ = block_size_;
  }
  char* taken = at_;
  at_ += steps * kStep;
  left_ -= steps * kStep;
  return taken;
}

void TextStore::drop(char* stored) {
  const size_t bytes = std::max(sizeof(uint32_t) + view(stored).size(), kStep);
  if (bytes > kLargestShared) {
    delete[] stored;
    return;
  }
  char*& first = free_[(bytes + kStep - 1) / kStep];
  std::memcpy(stored, static_cast<const void*>(&first), sizeof(char*));
  first = stored;
}

}  // namespace stepwell::expr
