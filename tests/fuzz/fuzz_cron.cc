// Schedules: whatever is read as one is due at instants that rise, never at one that its fields do
// not name, and looking back finds what looking ahead finds.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "engine/flow/schedule.h"
#include "schema/check.h"

using namespace stepwell;

namespace {

constexpr int kTicks = 20;

// The first two bytes say when it is looked at: four-hour steps from 2020 on.
Time moment(const uint8_t* data) {
  constexpr int64_t kYear2020 = 1'577'836'800'000;
  constexpr int64_t kFourHours = 4 * 3'600'000;
  return from_millis(kYear2020 + (data[0] * 256 + data[1]) * kFourHours);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Result<flow::Schedule> schedule = flow::Schedule::parse(text);
  if (!schedule) return 0;
  const Time start = moment(data);
  Time last = start;
  for (int i = 0; i < kTicks; ++i) {
    const std::optional<Time> due = schedule->next(last);
    if (!due) break;
    CHECK_INVARIANT(*due > last, "it is due in the past");
    CHECK_INVARIANT(schedule->is_due_at(*due), "it is due and is not");
    CHECK_INVARIANT(schedule->next(*due - Duration(1)) == due, "something was passed over");
    CHECK_INVARIANT(schedule->latest(last, *due) == due, "looking back finds another");
    last = *due;
  }
  CHECK_INVARIANT(last == start || schedule->latest(start, last) == last);
  return 0;
}
