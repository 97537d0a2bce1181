// Results become JSON: their type says how.
// expect: write STEPWELL_FIELDS(Type, member, …) beside it
#include "stepwell/stepwell.h"

using namespace stepwell;

struct Receipt {
  std::string id;
};
#ifdef STEPWELL_CONTROL
STEPWELL_FIELDS(Receipt, id);
#endif

Task<void> function(Context<RawJson> ctx) {
  co_await ctx.step.run("id", [] { return Receipt{"1"}; });
}
