// A text that is mostly empty, in eight bytes: a pending step has two, and there may be very many
// steps. Only one that is not empty takes more.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace stepwell::core {

class SlimText {
 public:
  SlimText() = default;
  explicit SlimText(std::string_view text) {
    if (text.empty()) return;
    const size_t size = text.size();
    bytes_ = std::make_unique_for_overwrite<char[]>(sizeof size + size);
    std::memcpy(bytes_.get(), &size, sizeof size);
    std::memcpy(bytes_.get() + sizeof size, text.data(), size);
  }

  // Valid until this text is changed or gone.
  std::string_view view() const {
    if (!bytes_) return {};
    size_t size = 0;
    std::memcpy(&size, bytes_.get(), sizeof size);
    return {bytes_.get() + sizeof size, size};
  }
  std::string str() const { return std::string(view()); }

 private:
  std::unique_ptr<char[]> bytes_;  // its size, then itself; null: empty
};

}  // namespace stepwell::core
