// A lambda with `auto` has no type of event.
// expect: a function is a coroutine Task<Out> f(Context<In>)
#include "stepwell/stepwell.h"

using namespace stepwell;

void add(Engine& engine) {
#ifdef STEPWELL_CONTROL
  engine.function({.id = "id"},
                  [](Context<RawJson> ctx) -> Task<std::string> { co_return ctx.event.id; });
#else
  engine.function({.id = "id"}, [](auto ctx) -> Task<std::string> { co_return ctx.event.id; });
#endif
}
