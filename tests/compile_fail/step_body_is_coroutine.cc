// A step's body is plain code.
// expect: a step's body is not a coroutine
#include "stepwell/stepwell.h"

using namespace stepwell;

Task<void> function(Context<RawJson> ctx) {
#ifdef STEPWELL_CONTROL
  co_await ctx.step.run("id", [] { return 1; });
#else
  co_await ctx.step.run("id", []() -> Task<int> { co_return 1; });
#endif
}
