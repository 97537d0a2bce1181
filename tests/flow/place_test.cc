#include "engine/flow/place.h"

#include <doctest/doctest.h>

#include "schema/utf8.h"

namespace stepwell::flow {

TEST_CASE("a short key is kept as it is, a long one by its digest, and cut between characters") {
  CHECK(short_key("") == "");
  const std::string longest(kKeyBytesMax, 'k');
  CHECK(short_key(longest) == longest);
  const std::string one = short_key(std::string(1000, 'k') + "1");
  const std::string other = short_key(std::string(1000, 'k') + "2");
  CHECK(one != other);
  CHECK(one.size() <= kKeyBytesMax);
  CHECK(one.starts_with("kkkkkkkk"));
  for (int shift = 0; shift < 3; ++shift) {
    std::string key(static_cast<size_t>(shift), 'x');
    while (key.size() < 200) key += "€";
    const std::string kept = short_key(key);
    CHECK(valid_utf8_length(kept) == kept.size());
  }
}

TEST_CASE("places of two functions differ, whatever their keys are") {
  const PlaceHash hash;
  CHECK(Place{"a", "b"} != Place{"b", "a"});
  CHECK(hash({"a", "b"}) != hash({"b", "a"}));
}

}  // namespace stepwell::flow
