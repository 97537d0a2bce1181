#include <fmt/core.h>

#include "engine/core/state.h"
#include "schema/run_flow.h"
#include "tests/core/harness.h"
#include "tests/core/journal_harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;
using storage::PutFlowState;
using storage::PutRun;

FunctionConfig debounced(Duration period, std::string key = "",
                         std::optional<Duration> timeout = std::nullopt) {
  FunctionConfig config = Harness::function("f", "go");
  config.flow.debounce = {period, std::move(key), timeout};
  return config;
}

std::string number(int n) {
  return fmt::format(R"({{"n":{}}})", n);
}

// Data of the only event of the call at hand.
std::string data_of(const Call& call) {
  REQUIRE(call.run->events.size() == 1);
  return call.run->events.front().data;
}

}  // namespace

TEST_CASE("THR-10: of a thousand events in a burst the last one starts one run") {
  Harness h;
  h.add_function(debounced(3s, "event.data.key"));
  for (int i = 0; i < 1000; ++i) h.send("go", number(i));
  CHECK(h.flow_rows.size() == 1);
  h.advance(3s - 1ms);
  h.gather();
  CHECK(h.calls.empty());
  h.advance(1ms);  // exactly a period after the last event, no slack
  CHECK(h.calls.empty());
  h.gather();
  CHECK(data_of(h.take_call()) == number(999));
  CHECK(h.flow_rows.empty());
  h.advance(1h);
  h.gather();
  CHECK(h.calls.empty());
}

TEST_CASE("a debounced invocation is not put off by another with its key") {
  Harness h;
  h.add_function(debounced(3s));
  InvokeDirectly invoke{.request = 9, .function = {"f"}, .idempotency_key = "k"};
  h.apply(invoke);
  CHECK_FALSE(h.answers.back().error);
  invoke.history.copies = {{h.writes<storage::PutEvent>().at(0).event.pos, "go"}};
  h.advance(2s);
  h.apply(invoke);
  REQUIRE(h.answers.back().error);
  CHECK(h.answers.back().error->code == ErrorCode::kConflict);
  h.advance(1s);
  h.gather();
  CHECK(h.calls.size() == 1);
}

TEST_CASE("THR-11: what comes after a debounce has fired is debounced again") {
  Harness h;
  h.add_function(debounced(3s));
  h.send("go", number(1));
  h.advance(3s);
  h.send("go", number(2));  // the first is still being read
  h.gather();
  CHECK(data_of(h.take_call()) == number(1));
  h.advance(3s - 1ms);
  h.gather();
  CHECK(h.calls.empty());
  h.advance(1ms);
  h.gather();
  CHECK(data_of(h.take_call()) == number(2));
}

TEST_CASE("THR-12: each value of the key is debounced by itself; a key that fails is one for all") {
  Harness h;
  h.add_function(debounced(3s, "int(event.data.n)"));
  h.send("go", R"({"n":"1"})");
  h.send("go", R"({"n":"2"})");
  h.send("go", R"({"n":"x"})");
  h.send("go", R"({"n":"y"})");
  CHECK(h.flow_rows.size() == 3);
  h.advance(3s);
  h.gather();
  CHECK(h.calls.size() == 3);
  std::vector<std::string> faults;
  for (const storage::Record& record : h.written) {
    const auto* put = std::get_if<PutRun>(&record);
    if (put == nullptr) continue;
    for (std::string& fault : parse_run_flow(put->run.flow).faults) faults.push_back(fault);
  }
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].starts_with("debounce.key: can't evaluate "));
}

TEST_CASE("no value of a key is taken for one that fails") {
  Harness h;
  h.add_function(debounced(3s, "event.data.k == 'x' ? int(event.data.k) : event.data.k"));
  h.send("go", R"({"k":"x"})");
  h.send("go", R"({"k":"<invalid>"})");
  h.send("go", R"({"k":")" + std::string(129, '!') + "\"}");
  CHECK(h.flow_rows.size() == 3);
}

TEST_CASE("THR-14: a debounce lasts no longer than its timeout") {
  Harness h;
  h.add_function(debounced(3s, "", 5s));
  for (int i = 0; i < 5; ++i) {
    h.send("go", number(i));
    h.gather();
    h.advance(1s - 1ms);
    h.gather();
    CHECK(h.calls.empty());
    h.advance(1ms);
  }
  h.gather();
  CHECK(data_of(h.take_call()) == number(4));
}

TEST_CASE("an event that is older by its own time neither replaces nor extends") {
  Harness h;
  h.add_function(debounced(3s));
  h.send("go", number(1));
  h.advance(2s);
  AcceptEvents older;
  older.events.push_back({.event = {.name = "go", .data = number(2), .ts = h.now - 10s}});
  h.apply(std::move(older));
  CHECK(h.writes<PutFlowState>().empty());
  h.advance(1s);
  h.gather();
  CHECK(data_of(h.take_call()) == number(1));
}

TEST_CASE("the latest event starts its run at its own time if that lies ahead") {
  Harness h;
  h.add_function(debounced(3s));
  AcceptEvents later;
  later.events.push_back({.event = {.name = "go", .ts = h.now + 1h}});
  h.apply(std::move(later));
  h.send("go", number(2));  // older by its own time
  h.advance(3s);
  h.gather();
  CHECK(h.writes<PutRun>().at(0).run.start_at == h.now + 1h - 3s);
  h.advance(1h - 3s);
  CHECK(h.calls.size() == 1);
}

TEST_CASE("a period that is registered anew counts from the next event; a run has the new code") {
  Harness h;
  h.add_function(debounced(10s));
  h.send("go", number(1));
  h.configs.back().flow.debounce->period = 1s;
  h.apply(RegisterFunctions{.request = 1, .app = "app", .functions = h.configs});
  h.advance(5s);
  h.gather();
  CHECK(h.calls.empty());
  h.send("go", number(2));
  h.advance(1s);
  h.gather();
  CHECK(data_of(h.take_call()) == number(2));
}

TEST_CASE("a function that debounces no more starts what it had debounced") {
  Harness h;
  h.add_function(debounced(10s));
  h.send("go", number(1));
  h.configs.back().flow.debounce.reset();
  h.apply(RegisterFunctions{.request = 1, .app = "app", .functions = h.configs});
  h.send("go", number(2));
  CHECK(data_of(h.take_call()) == number(2));
  h.advance(10s);
  h.gather();
  CHECK(data_of(h.take_call()) == number(1));
}

TEST_CASE("what a function that is no more had debounced is dropped, and its invoker told") {
  Harness h;
  h.add_function(debounced(3s));
  h.add_function(h.function("parent", "begin"));
  h.send("begin");
  h.reply(h.take_call(), {h.op("call", InvokeFunction{.function = "f"})});
  h.configs.erase(h.configs.begin());
  h.apply(RegisterFunctions{.request = 1, .app = "app", .functions = h.configs});
  SUBCASE("before it is due") {
    h.advance(3s);
  }
  SUBCASE("while its event is read") {
    h.configs.push_back(debounced(3s));
    h.apply(RegisterFunctions{.request = 1, .app = "app", .functions = h.configs});
    h.advance(3s);
    CHECK(h.calls.empty());
    h.configs.pop_back();
    h.apply(RegisterFunctions{.request = 1, .app = "app", .functions = h.configs});
    h.gather();
  }
  CHECK(h.flow_rows.empty());
  const Call call = h.take_call();
  CHECK(call.memo.at(0).error->message ==
        "could not invoke function: function \"f\" is not registered any more");
}

TEST_CASE("the invoker of what a debounce starts gets its result, one that was replaced an error") {
  Harness h;
  h.add_function(debounced(3s));
  h.add_function(h.function("parent", "begin"));
  for (int i = 0; i < 2; ++i) {
    h.send("begin");
    h.reply(h.take_call(), {h.op("call", InvokeFunction{.function = "f"})});
  }
  const Call replaced = h.take_call();
  CHECK(replaced.memo.at(0).state == StepState::kFailed);
  CHECK(replaced.memo.at(0).error->message ==
        "could not invoke function: a later event took its place, as function \"f\" debounces");
  h.advance(3s);
  h.gather();
  h.returns(h.take_call(), "7");
  const Call resumed = h.take_call();
  CHECK(resumed.memo.at(0).data == "7");
  CHECK(resumed.run->id != replaced.run->id);
}

TEST_CASE("a run that invokes a debounced function twice at once loses the first") {
  Harness h;
  h.add_function(debounced(3s));
  h.add_function(h.function("parent", "begin"));
  h.send("begin");
  h.reply(h.take_call(), {h.op("one", InvokeFunction{.function = "f"}),
                          h.op("two", InvokeFunction{.function = "f"})});
  const Call call = h.take_call();
  REQUIRE(call.memo.size() == 1);
  CHECK(call.memo[0].key == StepKey::of("one"));
  CHECK(call.memo[0].state == StepState::kFailed);
}

TEST_CASE("an invocation from outside is taken in without a run, or refused when it is too old") {
  Harness h;
  h.add_function(debounced(3s));
  h.apply(InvokeDirectly{.request = 9, .function = {"f"}});
  CHECK_FALSE(h.answers.back().error);
  CHECK_FALSE(h.answers.back().run);
  CHECK(h.answers.back().event_ids.size() == 1);
  h.now -= 1min;
  h.apply(InvokeDirectly{.request = 9, .function = {"f"}});
  REQUIRE(h.answers.back().error);
  CHECK(h.answers.back().error->message == "a later event is debounced by function \"f\" already");
}

TEST_CASE("a rerun is not debounced") {
  Harness h;
  h.add_function(debounced(3s));
  h.send("go");
  storage::RunSnapshot source;
  source.events = {h.writes<storage::PutEvent>().at(0).event};
  h.advance(3s);
  h.gather();
  source.run = h.writes<PutRun>().at(0).run;
  h.returns(h.take_call());
  h.apply(RerunRun{.request = 5, .id = source.run.id, .source = source});
  CHECK(h.calls.size() == 1);
  CHECK(h.answers.back().run);
}

TEST_CASE("a rate limit counts what a debounce discards later, and not what it starts") {
  Harness h;
  FunctionConfig config = debounced(3s);
  config.flow.rate_limit = {2, 1h, ""};
  h.add_function(config);
  for (int i = 0; i < 3; ++i) h.send("go", number(i));
  h.advance(3s);
  h.gather();
  CHECK(data_of(h.take_call()) == number(1));  // the third was turned away
}

TEST_CASE("a copy of an event that is debounced changes nothing, nor of one that has started") {
  Harness h;
  h.add_function(debounced(3s));
  h.send("go", number(1), "a");
  const Position first = h.writes<storage::PutEvent>().at(0).event.pos;
  h.advance(2s);
  AcceptEvents copy;
  copy.events.push_back({.event = {.name = "go", .id = "a", .data = number(2)}});
  copy.events[0].history.copies = {{first, "go"}};
  h.apply(copy);
  h.advance(1s);
  h.gather();
  CHECK(data_of(h.take_call()) == number(1));
  CHECK(h.writes<PutRun>().at(0).run.event_id == "a");
}

TEST_CASE("a copy of an event that is debounced uses up nothing of a rate limit") {
  Harness h;
  FunctionConfig config = debounced(3s);
  config.flow.rate_limit = {2, 1h, ""};
  h.add_function(config);
  h.send("go", number(1), "a");
  AcceptEvents copy{.request = 2};
  copy.events.push_back({.event = {.name = "go", .id = "a", .data = number(1)}});
  copy.events[0].history.copies = {{h.writes<storage::PutEvent>().at(0).event.pos, "go"}};
  h.apply(copy);
  CHECK(h.writes<storage::PutFlowState>().empty());
  h.send("go", number(2), "b");
  h.advance(3s);
  h.gather();
  CHECK(data_of(h.take_call()) == number(2));
}

TEST_CASE("an event of which a copy has started a run while it was read starts none") {
  Harness h;
  h.add_function(debounced(3s));
  h.send("go", number(1), "a");
  h.advance(3s);
  EventsRead read = h.take_read();
  CHECK(h.core.lookups_of(read).event_ids == std::vector<std::string>{"a"});
  read.histories.push_back({.started = {{FunctionId{"f"}, 77, "go"}}});
  h.apply(std::move(read));
  CHECK(h.calls.empty());
  CHECK(h.flow_rows.empty());
}

TEST_CASE("an event whose stored data is damaged leaves a skipped run that says so") {
  Harness h;
  h.add_function(debounced(3s));
  h.send("go", number(1));
  h.advance(3s);
  EventsRead read = h.take_read();
  read.events.at(0).event = Error{ErrorCode::kCorrupt, "event 3 is damaged"};
  h.apply(std::move(read));
  REQUIRE(h.writes<PutRun>().size() == 1);
  CHECK(h.writes<PutRun>()[0].run.status == RunStatus::kSkipped);
  CHECK(h.writes<PutRun>()[0].run.error->message.find("event 3 is damaged") != std::string::npos);
  CHECK(h.flow_rows.empty());
}

TEST_CASE("a debounce goes on after the process has started again, wherever it died") {
  Harness h;
  h.add_function(debounced(3s));
  h.send("go", number(1));
  h.advance(2s);
  h.send("go", number(2));
  SUBCASE("while it waits") {
    h.restart();
    h.advance(1s);
    h.gather();
    CHECK(h.calls.empty());
    h.advance(2s);
  }
  SUBCASE("beyond its end") {
    h.now += 1h;
    h.restart();
    h.send("go", number(3));
    h.advance(0s);
  }
  SUBCASE("while its event is read") {
    h.advance(3s);
    const EventsRead lost = h.take_read();
    h.restart();
    h.apply(lost);  // nobody asked for this
    CHECK(h.calls.empty());
    h.advance(0s);
  }
  h.gather();
  CHECK(data_of(h.take_call()) == number(2));
  CHECK(h.calls.empty());
}

TEST_CASE("a thousand extensions of one debounce cost one alarm") {
  Harness h;
  h.add_function(debounced(1h));
  for (int i = 0; i < 1000; ++i) {
    h.advance(1s);
    h.send("go", number(i));
  }
  CHECK(h.core.state().timers_.size() == 1);
  h.advance(1h - 1ms);
  h.gather();
  CHECK(h.calls.empty());
  h.advance(1ms);
  h.gather();
  CHECK(h.calls.size() == 1);
}

// An id such as that of an order is that of several events.
TEST_CASE("an event is debounced though another had its id while the window was open") {
  JournalHarness h;
  FunctionConfig config = debounced(1h);
  config.triggers = {{"paid", "event.data.n >= 0"}};
  h.add_function(config);
  h.send("paid", number(0), "order-0");
  SUBCASE("of another name") {
    h.send("created", "{}", "order-1");
  }
  SUBCASE("of another name, and the process died") {
    h.send("created", "{}", "order-1");
    h.crash();
  }
  SUBCASE("that does not trigger the function") {
    h.send("paid", number(-1), "order-1");
  }
  h.send("paid", number(1), "order-1");
  SUBCASE("and copies of what was replaced change nothing") {
    h.send("paid", number(0), "order-0");
  }
  h.advance(1h);
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls[0].run->events[0].data == number(1));
}

}  // namespace stepwell::core::testing
