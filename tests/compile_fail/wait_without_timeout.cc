// A wait without an end does not compile.
// expect: no matching function for call to
#include "stepwell/stepwell.h"

using namespace stepwell;
using namespace std::chrono_literals;

constexpr EventType<RawJson> ping{"ping"};

Task<void> function(Context<RawJson> ctx) {
#ifdef STEPWELL_CONTROL
  co_await ctx.step.wait_for_event("id", ping, {.timeout = 15min});
#else
  co_await ctx.step.wait_for_event("id", ping, {.if_ = "true"});
#endif
}
