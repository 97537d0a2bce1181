// CRC-32C over the payload fields of a stored row: written with the row, checked whenever it is
// read, so that a damaged page cannot pass for what was recorded.
#pragma once

#include <cstdint>
#include <string_view>

namespace stepwell::storage {

// Feeds fields one after another; each with its length, so that bytes cannot move between fields
// unseen. A value; any thread.
class Checksum {
 public:
  Checksum& add(std::string_view field);
  uint32_t value() const { return ~state_; }

 private:
  uint32_t state_ = 0xFFFFFFFFu;
};

// The plain CRC-32C (Castagnoli) of `bytes`.
uint32_t crc32c(std::string_view bytes);

}  // namespace stepwell::storage
