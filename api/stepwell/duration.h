// Lengths of time of any unit as the milliseconds that the engine counts in. Internal to the
// library.
#pragma once

#include <chrono>
#include <optional>
#include <ratio>

namespace stepwell::detail {

// std::chrono multiplies without a look at what the result can hold: hours::max() would become an
// hour less than nothing. So lengths that milliseconds do not hold are the longest, or the shortest
// below zero, that they do; what is no number is the longest. Nothing for all others.
template <class Rep, class Period>
constexpr std::optional<std::chrono::milliseconds> limit_beyond(
    std::chrono::duration<Rep, Period> length) {
  using Wide = std::chrono::duration<long double, std::milli>;
  const Wide wide = length;
  if (wide <= Wide(std::chrono::milliseconds::min())) return std::chrono::milliseconds::min();
  if (!(wide < Wide(std::chrono::milliseconds::max()))) return std::chrono::milliseconds::max();
  return std::nullopt;
}

// Rounded up: what ends after so long is never early.
template <class Rep, class Period>
constexpr std::chrono::milliseconds ceil_milliseconds(std::chrono::duration<Rep, Period> length) {
  if (const auto limit = limit_beyond(length)) return *limit;
  return std::chrono::ceil<std::chrono::milliseconds>(length);
}

// Rounded down, as points in time are shown.
template <class Rep, class Period>
constexpr std::chrono::milliseconds floor_milliseconds(std::chrono::duration<Rep, Period> length) {
  if (const auto limit = limit_beyond(length)) return *limit;
  return std::chrono::floor<std::chrono::milliseconds>(length);
}

}  // namespace stepwell::detail
