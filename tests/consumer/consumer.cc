// A durable function over two processes, with nothing but the installed package:
//   consumer FILE begin        starts a run and dies without warning in the middle of it
//   consumer FILE finish RUN   finishes that run, and checks that its first step did not run again
#include <stepwell/stepwell.h>

#include <cstdlib>
#include <future>
#include <iostream>

using namespace stepwell;
using namespace std::chrono_literals;

struct Order {
  std::string customer;
  int cents = 0;
};
STEPWELL_FIELDS(Order, customer, cents);

inline constexpr EventType<Order> order_placed{"shop/order.placed"};
inline const Topic<Order> charged{"orders", "charged"};

namespace {

int charges = 0;  // bodies of the step "charge" that ran in this process

Task<std::string> ship_order(Context<Order> ctx) {
  auto& step = ctx.step;
  const Order& order = ctx.event.data;
  std::string receipt = co_await step.run("charge", [&] {
    ++charges;
    return "receipt of " + order.customer;
  });
  co_await step.publish("tell", charged, order);
  co_await step.sleep("packing", 500ms);
  co_return receipt;
}

[[noreturn]] void begin(Engine& engine) {
  std::promise<void> told;
  auto subscription = engine.subscribe(charged, [&](const Order&) { told.set_value(); });
  std::string event = engine.send(order_placed, {.customer = "Ada", .cents = 4200});
  told.get_future().wait();  // "charge" is recorded, "packing" is ahead
  std::cout << engine.runs_of(event).at(0).id << std::endl;
  std::_Exit(0);
}

int finish(Engine& engine, const std::string& run_id) {
  RunInfo run = engine.wait_for(run_id, 1min);
  std::cout << run.output << ", charged here " << charges << " times\n";
  bool is_right = run.state == RunState::kCompleted && run.output == "\"receipt of Ada\"";
  return is_right && charges == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  Engine engine({.journal = sqlite(argv[1])});
  engine.function({.id = "ship-order"}, order_placed, ship_order);
  engine.start();
  if (argc == 3) begin(engine);
  return finish(engine, argv[3]);
}
