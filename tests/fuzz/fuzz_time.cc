// Durations and timestamps: what is accepted is written and read back as the same value.
#include <cstdint>
#include <string_view>

#include "schema/check.h"
#include "schema/time.h"

using namespace stepwell;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto duration = parse_duration(text)) {
    const auto again = parse_duration(format_duration(*duration));
    CHECK_INVARIANT(again.ok() && *again == *duration);
  }
  if (const auto time = parse_rfc3339(text)) {
    // An offset can move the first and last hours of the calendar out of what can be written; such
    // a time is shown as the nearest that can.
    const auto again = parse_rfc3339(format_rfc3339(*time));
    CHECK_INVARIANT(again.ok());
    constexpr Duration kMostOffset = std::chrono::hours(24);
    const Duration difference = *again > *time ? *again - *time : *time - *again;
    const bool is_at_the_border = text.substr(0, 4) == "0000" || text.substr(0, 4) == "9999";
    CHECK_INVARIANT(difference == Duration(0) || (is_at_the_border && difference < kMostOffset));
  }
  return 0;
}
