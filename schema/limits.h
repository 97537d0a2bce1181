// How large and how old a thing may be that comes from outside, by HTTP or from C++ code.
#pragma once

#include <cstddef>

#include "schema/time.h"

namespace stepwell {

// An event, with all of its texts.
inline constexpr size_t kEventBytesMax = 3 * 1024 * 1024;
// When it may have happened, the last not included: 1980 to 2100. Who counts in seconds, or in
// microseconds, is outside.
inline constexpr Time kEventTimeMin = std::chrono::sys_days(std::chrono::year(1980) / 1 / 1);
inline constexpr Time kEventTimeEnd = std::chrono::sys_days(std::chrono::year(2100) / 1 / 1);

// The data of a message.
inline constexpr size_t kMessageBytesMax = 512 * 1024;

}  // namespace stepwell
