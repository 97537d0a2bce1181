// Only coroutines that return Task can await steps.
// expect: no matching function for call to
#include "stepwell/stepwell.h"

using namespace stepwell;

struct Foreign {
  struct promise_type {
    Foreign get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};
#ifdef STEPWELL_CONTROL
using Function = Task<void>;
#else
using Function = Foreign;
#endif

Function function(Step step) {
  co_await step.run("id", [] {});
}
