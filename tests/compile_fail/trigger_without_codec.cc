// The data of a trigger is read from JSON: its type says how.
// expect: write STEPWELL_FIELDS(Type, member, …) beside it
#include "stepwell/stepwell.h"

using namespace stepwell;

struct Order {
  std::string id;
};
#ifdef STEPWELL_CONTROL
STEPWELL_FIELDS(Order, id);
#endif

Task<std::string> ship(Context<Order> ctx) {
  co_return ctx.event.data.id;
}

void add(Engine& engine) {
  engine.function({.id = "ship"}, EventType<Order>{"shop/order"}, ship);
}
