// Texts of pending steps.
#include "engine/core/slim_text.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace stepwell::core {
namespace {

TEST_CASE("a slim text gives back what it was made of, zero bytes included") {
  static_assert(sizeof(SlimText) == sizeof(void*));
  for (const size_t size : {0, 1, 15, 16, 1000}) {
    std::string text(size, 'x');
    if (size > 1) text[size / 2] = '\0';
    const SlimText slim(text);
    CHECK(slim.view() == text);
    CHECK(slim.str() == text);
  }
  CHECK(SlimText().view().empty());
}

TEST_CASE("a slim text can be replaced, emptied and moved") {
  SlimText text("first");
  text = SlimText("second, and longer");
  CHECK(text.view() == "second, and longer");
  const SlimText taken = std::move(text);
  CHECK(taken.view() == "second, and longer");
  text = {};
  CHECK(text.view().empty());
}

}  // namespace
}  // namespace stepwell::core
