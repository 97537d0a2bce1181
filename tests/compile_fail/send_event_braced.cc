// R3, for events.
// expect: name the payload before the co_await
#include "stepwell/stepwell.h"

using namespace stepwell;

struct Order {
  std::string id;
};
STEPWELL_FIELDS(Order, id);
constexpr EventType<Order> paid{"order/paid"};

Task<void> function(Context<RawJson> ctx) {
#ifdef STEPWELL_CONTROL
  Order order{.id = "1"};
  co_await ctx.step.send_event("id", paid, order);
#else
  co_await ctx.step.send_event("id", paid, Order{.id = "1"});
#endif
}
