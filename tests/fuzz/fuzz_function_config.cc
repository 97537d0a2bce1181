// Stored configurations of functions, and schedules: what is read is written as text that reads
// back to the same text, and judging it does no harm.
#include <cstdint>
#include <string>
#include <string_view>

#include "schema/check.h"
#include "schema/cron.h"
#include "schema/function_config.h"

using namespace stepwell;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto cron = parse_cron(text)) {
    CHECK_INVARIANT(cron->minutes != 0 && cron->hours != 0 && cron->days != 0);
    CHECK_INVARIANT(cron->months != 0 && cron->weekdays != 0);
    CHECK_INVARIANT((cron->minutes >> 60) == 0 && (cron->hours >> 24) == 0);
    CHECK_INVARIANT((cron->days & 1) == 0 && (cron->months & 1) == 0);
    CHECK_INVARIANT((cron->days >> 32) == 0 && (cron->months >> 13) == 0);
    CHECK_INVARIANT((cron->weekdays >> 7) == 0);
  }
  const auto config = parse_function_config(text);
  if (!config) return 0;
  const std::string written = function_config_json(*config);
  const auto again = parse_function_config(written);
  CHECK_INVARIANT(again.ok(), "a configuration that was written cannot be read");
  CHECK_INVARIANT(function_config_json(*again) == written);
  // Only what has no faults is ever stored.
  CHECK_INVARIANT(!faults_of(*config).empty() || faults_of(*again).empty());
  return 0;
}
