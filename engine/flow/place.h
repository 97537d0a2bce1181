// Where flow control keeps something: the function and the value of its key.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace stepwell::flow {

struct Place {
  std::string function;  // its id
  std::string key;       // as KeyExpression gives it, which bounds its length; empty: one for all
  auto operator<=>(const Place&) const = default;
};

struct PlaceHash {
  size_t operator()(const Place& place) const noexcept {
    const size_t function = std::hash<std::string_view>{}(place.function);
    return function * 1'000'003 ^ std::hash<std::string_view>{}(place.key);
  }
};

}  // namespace stepwell::flow
