// A function that is no coroutine over a Context.
// expect: a function is a coroutine Task<Out> f(Context<In>)
#include "stepwell/stepwell.h"

using namespace stepwell;

#ifdef STEPWELL_CONTROL
Task<int> count(Context<RawJson> ctx) {
  co_return static_cast<int>(ctx.event.data.text().size());
}
#else
int count(const RawJson& data) {
  return static_cast<int>(data.text().size());
}
#endif

void add(Engine& engine) {
  engine.function({.id = "count"}, count);
}
