#include "storage/checksum.h"

#include <doctest/doctest.h>

#include <string>

using namespace stepwell::storage;

TEST_CASE("CRC-32C gives the values of RFC 3720 and of its check string") {
  CHECK(crc32c("") == 0u);
  CHECK(crc32c("123456789") == 0xE3069283u);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAu);
  CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43u);
  std::string rising;
  for (char c = 0; c < 32; ++c) rising.push_back(c);
  CHECK(crc32c(rising) == 0x46DD794Eu);
}

TEST_CASE("a checksum sees each bit, the order of the fields and where they end") {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    CHECK(Checksum().add(damaged).value() != Checksum().add(text).value());
  }
  CHECK(Checksum().add("ab").add("c").value() != Checksum().add("a").add("bc").value());
  CHECK(Checksum().add("a").add("b").value() != Checksum().add("b").add("a").value());
  CHECK(Checksum().add("").value() != Checksum().value());
}
