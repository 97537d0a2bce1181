// What triggers a function must carry what its code reads.
// expect: the event is of another type than the Context of the function
#include "stepwell/stepwell.h"

using namespace stepwell;

struct Paid {
  int cents = 0;
};
STEPWELL_FIELDS(Paid, cents);
struct Shipped {
  std::string truck;
};
STEPWELL_FIELDS(Shipped, truck);

#ifdef STEPWELL_CONTROL
inline constexpr EventType<Shipped> trigger{"shop/shipped"};
#else
inline constexpr EventType<Paid> trigger{"shop/paid"};
#endif

Task<std::string> deliver(Context<Shipped> ctx) {
  co_return ctx.event.data.truck;
}
Task<std::string> log_anything(Context<RawJson> ctx) {
  co_return ctx.event.data.text();
}

void add(Engine& engine) {
  engine.function({.id = "deliver"}, trigger, deliver);
  engine.function({.id = "log"}, trigger, log_anything);
}
