// R3, for an event that is made in place.
// expect: name the event before the co_await
#include "stepwell/stepwell.h"

using namespace stepwell;

struct Order {
  std::string id;
};
STEPWELL_FIELDS(Order, id);
constexpr EventType<Order> paid{"order/paid"};

Task<void> function(Context<RawJson> ctx) {
#ifdef STEPWELL_CONTROL
  NewEvent event = NewEvent(paid, {.id = "1"}).with_id("once");
  co_await ctx.step.send_event("id", event);
#else
  co_await ctx.step.send_event("id", NewEvent(paid, {.id = "1"}).with_id("once"));
#endif
}
