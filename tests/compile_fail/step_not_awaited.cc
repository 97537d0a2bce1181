// R5: a step that nobody awaits does nothing.
// expect: a step does nothing until it is awaited
#include "stepwell/stepwell.h"

using namespace stepwell;

Task<void> function(Context<RawJson> ctx) {
#ifdef STEPWELL_CONTROL
  co_await ctx.step.run("id", [] {});
#else
  ctx.step.run("id", [] {});
  co_return;
#endif
}
