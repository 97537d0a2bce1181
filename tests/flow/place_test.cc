#include "engine/flow/place.h"

#include <doctest/doctest.h>

namespace stepwell::flow {

TEST_CASE("places of two functions differ, whatever their keys are") {
  const PlaceHash hash;
  CHECK(Place{"a", "b"} != Place{"b", "a"});
  CHECK(hash({"a", "b"}) != hash({"b", "a"}));
}

}  // namespace stepwell::flow
