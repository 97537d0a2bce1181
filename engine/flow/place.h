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
  std::string key;       // see short_key(); empty: one for all
  auto operator<=>(const Place&) const = default;
};

struct PlaceHash {
  size_t operator()(const Place& place) const noexcept {
    const size_t function = std::hash<std::string_view>{}(place.function);
    return function * 1'000'003 ^ std::hash<std::string_view>{}(place.key);
  }
};

// Keys up to this many bytes are kept as they are, so that people can read them.
inline constexpr size_t kKeyBytesMax = 96;

// A key as it is kept: itself, or its beginning and its SHA-256 when it is long. An event may be
// megabytes, and each of them a key.
std::string short_key(std::string key);

}  // namespace stepwell::flow
