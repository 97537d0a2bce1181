// R1: an aggregate in place behind the function is destroyed twice by g++ 12.
// expect: name this argument before the co_await
#include "stepwell/stepwell.h"

using namespace stepwell;

struct Order {
  std::string id;
};

Task<void> function(Context<RawJson> ctx) {
  auto body = [](const Order& order) { return order.id; };
#ifdef STEPWELL_CONTROL
  Order order{"1"};
  co_await ctx.step.run("id", body, order);
#else
  co_await ctx.step.run("id", body, Order{"1"});
#endif
}
