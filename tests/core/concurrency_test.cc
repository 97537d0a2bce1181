// Concurrency limits, in virtual time (semantics.md §10.1 and CON-*).
#include <set>

#include "schema/run_flow.h"
#include "tests/core/journal_harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;

FunctionConfig limited(std::vector<ConcurrencyLimit> steps, std::vector<ConcurrencyLimit> runs = {},
                       std::string id = "f") {
  FunctionConfig config = JournalHarness::function(std::move(id), "go");
  config.flow.step_concurrency = std::move(steps);
  config.flow.run_concurrency = std::move(runs);
  return config;
}

std::string key(std::string_view value) {
  return R"({"key":")" + std::string(value) + "\"}";
}

// The values of "key" of the runs that are called.
std::multiset<std::string> called_keys(const JournalHarness& h) {
  std::multiset<std::string> keys;
  for (const Call& call : h.calls) {
    keys.insert(*JsonView::trusted(call.run->events[0].data).find("key")->as_string());
  }
  return keys;
}

}  // namespace

TEST_CASE("CON-01: limit 1, one call at a time, and all runs complete") {
  JournalHarness h;
  h.add_function(limited({{1}}));
  for (int i = 0; i < 3; ++i) h.send("go");
  for (int i = 0; i < 3; ++i) {
    REQUIRE(h.calls.size() == 1);
    CHECK(h.count(RunStatus::kRunning) == 1);
    CHECK(h.count(RunStatus::kScheduled) == 2u - static_cast<size_t>(i));
    h.returns(h.take_call());
  }
  CHECK(h.calls.empty());
  CHECK(h.count(RunStatus::kCompleted) == 3);
}

TEST_CASE("a limit is of calls: a run that sleeps holds no slot") {
  JournalHarness h;
  h.add_function(limited({{1}}));
  h.send("go");
  h.send("go");
  const Call first = h.take_call();
  h.reply(first, {JournalHarness::op("nap", Sleep{{.after = 1h}})});
  const Call second = h.take_call();
  CHECK(second.run->no != first.run->no);
  h.advance(1h);  // the first wakes, and waits for the second
  CHECK(h.calls.empty());
  CHECK(h.source_of(h.runs()[0]).what == "waits for a slot: 1 of 1 are in use; place 1 of 1");
  h.returns(second);
  CHECK(h.take_call().run->no == first.run->no);
}

TEST_CASE("each of a run's calls side by side takes a slot") {
  JournalHarness h;
  h.add_function(limited({{2}}));
  h.send("go");
  h.reply(h.take_call(),
          {JournalHarness::op("a", StepPlanned{}), JournalHarness::op("b", StepPlanned{}),
           JournalHarness::op("c", StepPlanned{})});
  REQUIRE(h.calls.size() == 2);
  h.send("go");
  CHECK(h.calls.size() == 2);
  const Call first = h.take_call();
  StepOp done = JournalHarness::op("a", StepReturned{.data = "1"});
  h.reply(first, {done});
  // The older run's next call comes before the newer run's start.
  REQUIRE(h.calls.size() == 2);
  CHECK(h.calls.back().run->no == first.run->no);
}

TEST_CASE("CON-03: a limit with a key is of each value") {
  JournalHarness h;
  h.add_function(limited({{1, "event.data.key"}}));
  for (const char* value : {"a", "b", "c", "a", "b"}) h.send("go", key(value));
  CHECK(called_keys(h) == std::multiset<std::string>{"a", "b", "c"});
  h.returns(h.take_call());
  CHECK(called_keys(h) == std::multiset<std::string>{"a", "b", "c"});
  CHECK(h.source_of(h.runs().back()).what ==
        "waits for a slot: 1 of 1 are in use for event.data.key = \"b\"; place 1 of 1");
}

TEST_CASE("CON-04: of two limits both hold") {
  JournalHarness h;
  h.add_function(limited({{1, "event.data.key"}, {2}}));
  for (const char* value : {"a", "a", "b", "c", "d"}) h.send("go", key(value));
  CHECK(called_keys(h) == std::multiset<std::string>{"a", "b"});
  std::vector<std::string> order;
  while (!h.calls.empty()) {
    order.push_back(
        *JsonView::trusted(h.calls.front().run->events[0].data).find("key")->as_string());
    h.returns(h.take_call());
    CHECK(h.calls.size() <= 2);
    const auto keys = called_keys(h);
    CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == keys.size());
  }
  CHECK(order.size() == 5);
}

TEST_CASE("CON-07: a limit on runs is held from start to end") {
  JournalHarness h;
  h.add_function(limited({}, {{1, "event.data.key"}}));
  for (const char* value : {"a", "a", "b"}) h.send("go", key(value));
  CHECK(called_keys(h) == std::multiset<std::string>{"a", "b"});
  const Call a = h.take_call();
  h.reply(a, {JournalHarness::op("nap", Sleep{{.after = 1h}})});
  CHECK(called_keys(h) == std::multiset<std::string>{"b"});
  CHECK(h.source_of(h.runs()[1]).what ==
        "waits for a slot: 1 of 1 of the limit on runs are in use for event.data.key = \"a\"; "
        "place 1 of 1");
  h.advance(1h);
  h.calls.pop_front();
  h.returns(h.take_call());
  CHECK(called_keys(h) == std::multiset<std::string>{"a"});
}

TEST_CASE("the limits of an environment and of an account are shared by functions") {
  for (ConcurrencyScope scope : {ConcurrencyScope::kEnvironment, ConcurrencyScope::kAccount}) {
    JournalHarness h;
    h.add_function(limited({{1, "\"shared\"", scope}}, {}, "f"));
    h.add_function(limited({{1, "\"shared\"", scope}}, {}, "g"));
    h.add_function(limited({{1, "\"other\"", scope}}, {}, "h"));
    h.send("go");
    CHECK(h.calls.size() == 2);
    h.send("go");
    std::vector<std::string> order;
    while (!h.calls.empty()) {
      order.push_back(h.calls.front().run->function.slug);
      h.returns(h.take_call());
    }
    // Both functions in turn, and the third beside them.
    std::erase(order, "h");
    CHECK(order == std::vector<std::string>{"f", "g", "f", "g"});
  }
}

TEST_CASE("a shared limit on runs and one on calls with the same key have nothing in common") {
  for (ConcurrencyScope scope : {ConcurrencyScope::kEnvironment, ConcurrencyScope::kAccount}) {
    const ConcurrencyLimit one{1, "event.data.key", scope};
    JournalHarness h;
    h.add_function(limited({one}, {one}, "both"));
    h.add_function(limited({}, {one}, "runs"));
    h.add_function(limited({one}, {}, "calls"));
    h.send("go", key("a"));
    h.send("go", key("a"));
    std::vector<std::string> order;
    while (h.count(RunStatus::kCompleted) < 6) {
      if (h.calls.empty()) h.advance(1min);
      const Call call = h.take_call();
      order.push_back(call.run->function.slug);
      const bool sleeps = call.memo.empty() && call.run->function.slug != "calls";
      if (sleeps) h.reply(call, {JournalHarness::op("nap", Sleep{{.after = 1min}})});
      if (!sleeps) h.returns(call);
    }
    // While the first sleeps it holds the slot of runs, and not that of calls.
    const std::vector<std::string> expected = {"both", "calls", "calls", "both"};
    CHECK(std::vector<std::string>(order.begin(), order.begin() + 4) == expected);
  }
}

TEST_CASE("the values of shared keys are known when limits come or go, and after a crash") {
  const ConcurrencyLimit one{1, "event.data.key", ConcurrencyScope::kEnvironment};
  JournalHarness h;
  h.add_function(limited({one}, {one}));
  h.send("go", key("a"));
  h.send("go", key("a"));
  const std::string place =
      "waits for a slot: 1 of 1 of the limit on runs are in use for "
      "event.data.key = \"a\"; place 1 of 1";
  CHECK(h.source_of(h.runs()[1]).what == place);
  h.crash();
  CHECK(h.source_of(h.runs()[1]).what == place);
  h.add_function(limited({}, {one}));
  CHECK(h.source_of(h.runs()[1]).what == place);
  h.returns(h.take_call());
  CHECK(h.take_call().run->no == h.runs()[1].no);
}

TEST_CASE("a key that is missing in the event has a slot of its own, and so has one that fails") {
  JournalHarness h;
  h.add_function(limited({{1, "int(event.data.a)"}}));
  h.send("go", R"({"a":1})");
  h.send("go", R"({"a":"x"})");
  h.send("go", R"({"a":"y"})");
  CHECK(h.calls.size() == 2);
  const std::vector<RunRecord> runs = h.runs();
  CHECK(parse_run_flow(runs[0].flow).faults.empty());
  REQUIRE(parse_run_flow(runs[2].flow).faults.size() == 1);
  CHECK(parse_run_flow(runs[2].flow).faults[0].starts_with("concurrency.key: "));
  CHECK(h.source_of(runs[2]).what ==
        "waits for a slot: 1 of 1 are in use for runs of which int(event.data.a) cannot be read; "
        "place 1 of 1");
}

TEST_CASE("without a key, 0 is no limit") {
  JournalHarness h;
  h.add_function(limited({{0}}));
  for (int i = 0; i < 5; ++i) h.send("go");
  CHECK(h.calls.size() == 5);
}

TEST_CASE("a limit that is raised acts at once, one that is lowered lets nothing new in") {
  JournalHarness h;
  h.add_function(limited({{1}}));
  for (int i = 0; i < 6; ++i) h.send("go");
  CHECK(h.calls.size() == 1);
  h.add_function(limited({{3}}));
  CHECK(h.calls.size() == 3);
  h.add_function(limited({{1}}));
  h.returns(h.take_call());
  h.returns(h.take_call());
  CHECK(h.calls.size() == 1);
  h.returns(h.take_call());
  CHECK(h.calls.size() == 1);
}

TEST_CASE("limits that come and go: runs move to the pools that there are now") {
  JournalHarness h;
  h.add_function(limited({{1, "event.data.key"}}));
  for (const char* value : {"a", "a", "b", "b"}) h.send("go", key(value));
  CHECK(h.calls.size() == 2);
  SUBCASE("another limit beside it") {
    h.add_function(limited({{1, "event.data.key"}, {1}}));
    CHECK(h.calls.size() == 2);  // they were under way
    h.returns(h.take_call());
    CHECK(h.calls.size() == 1);
    h.returns(h.take_call());
    CHECK(h.calls.size() == 1);
  }
  SUBCASE("none any more") {
    h.add_function(limited({}));
    CHECK(h.calls.size() == 4);
  }
  SUBCASE("another key: it is for new runs") {
    h.add_function(limited({{1, "event.data.other"}}));
    CHECK(h.calls.size() == 4);
    h.send("go", R"({"other":"x"})");
    h.send("go", R"({"other":"x"})");
    CHECK(h.calls.size() == 5);
  }
  SUBCASE("a limit on runs counts those that have started") {
    h.add_function(limited({}, {{2}}));
    CHECK(h.calls.size() == 2);
    h.returns(h.take_call());
    CHECK(h.calls.size() == 2);
  }
  while (!h.calls.empty()) h.returns(h.take_call());
  CHECK(h.core().open_runs() == 0);
}

TEST_CASE("the end of a run, however it comes, hands its slots on") {
  JournalHarness h;
  h.add_function(limited({{1}}, {{1}}));
  for (int i = 0; i < 3; ++i) h.send("go");
  SUBCASE("a cancelled one that runs") {
    h.cancel(h.runs()[0].id);
    REQUIRE(h.calls.size() == 1);
    CHECK(h.calls[0].run->no == h.runs()[1].no);
  }
  SUBCASE("a cancelled one that is queued") {
    h.cancel(h.runs()[1].id);
    h.returns(h.take_call());
    REQUIRE(h.calls.size() == 1);
    CHECK(h.calls[0].run->no == h.runs()[2].no);
  }
  SUBCASE("one that fails") {
    h.throws(h.take_call(), {.error = {.message = "no"}, .retriable = false});
    CHECK(h.calls.size() == 1);
  }
  SUBCASE("one that waits for its next attempt holds the limit on runs alone") {
    h.throws(h.take_call(), {.error = {.message = "no"}, .retry_after = 10s});
    CHECK(h.calls.empty());
    h.advance(10s);
    CHECK(h.calls.size() == 1);
  }
}

TEST_CASE("after a crash runs that had started have their slots, and the others wait") {
  JournalHarness h;
  h.add_function(limited({{2}}, {{2}}));
  for (int i = 0; i < 4; ++i) h.send("go");
  h.reply(h.take_call(), {JournalHarness::op("nap", Sleep{{.after = 1h}})});
  CHECK(h.calls.size() == 1);  // of the limit on runs both are in use
  h.crash();
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls[0].run->no == h.runs()[1].no);
  CHECK(h.count(RunStatus::kScheduled) == 2);
  h.returns(h.take_call());
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls[0].run->no == h.runs()[2].no);
}

TEST_CASE("a run whose code is not at hand holds no slot") {
  JournalHarness h;
  h.add_function(limited({{1, "\"x\"", ConcurrencyScope::kAccount}}, {}, "f"));
  h.add_function(limited({{1, "\"x\"", ConcurrencyScope::kAccount}}, {}, "g"));
  h.send("go");
  CHECK(h.take_call().run->function.slug == "f");
  h.crash(false);
  h.configs.erase(h.configs.begin());  // only g comes back
  h.configs.back().app = "app";
  CHECK(h.calls.empty());
  h.register_all();
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls[0].run->function.slug == "g");
}

TEST_CASE("a queued run is not in memory, and holds its slot while it is read") {
  JournalHarness h;
  h.add_function(limited({{1}}));
  const size_t empty = h.core().hot_bytes();
  h.send("go");
  const size_t one = h.core().hot_bytes();
  for (int i = 0; i < 50; ++i) h.send("go");
  CHECK(one > empty);
  CHECK(h.core().hot_bytes() == one);
  // The harness answers a load at once, in an input of its own: between the two the slot is taken.
  h.returns(h.take_call());
  CHECK(h.calls.size() == 1);
  CHECK(h.calls[0].is_cold);
}

TEST_CASE("runs that may have killed the process are tried alone, within their limits") {
  JournalHarness h;
  h.add_function(limited({{2}}, {{3}}));
  for (int i = 0; i < 5; ++i) h.send("go");
  CHECK(h.calls.size() == 2);
  h.crash();
  CHECK(h.calls.size() == 2);
  h.crash();  // nothing has been recorded in between: both are suspects
  REQUIRE(h.calls.size() == 1);
  h.returns(h.take_call());
  REQUIRE(h.calls.size() == 1);
  h.returns(h.take_call());
  while (!h.calls.empty()) {
    CHECK(h.calls.size() <= 2);
    h.returns(h.take_call());
  }
  CHECK(h.count(RunStatus::kCompleted) == 5);
}

TEST_CASE("CON-13, CON-14: a priority is clamped, and 0 where it is no number") {
  JournalHarness h;
  FunctionConfig config = limited({{1}});
  config.flow.priority = "event.data.p";
  h.add_function(config);
  h.send("go", R"({"p":1000000000})");
  h.send("go", R"({"p":-1000000000})");
  h.send("go", R"({"p":"high"})");
  const std::vector<RunRecord> runs = h.runs();
  CHECK(parse_run_flow(runs[0].flow).priority == 43'200);
  CHECK(parse_run_flow(runs[1].flow).priority == -43'200);
  CHECK(parse_run_flow(runs[2].flow).priority == 0);
  CHECK(parse_run_flow(runs[2].flow).faults ==
        std::vector<std::string>{"priority.run: it is no whole number"});
}

TEST_CASE("what is wrong with a key is said of each option that has it") {
  JournalHarness h;
  FunctionConfig config = limited({{1, "int(event.data.a)"}}, {{1, "int(event.data.a)"}});
  config.flow.throttle = Throttle{.limit = 1, .period = 1h, .key = "int(event.data.a)"};
  h.add_function(config);
  h.send("go", R"({"a":"x"})");
  const std::vector<std::string> faults = parse_run_flow(h.runs()[0].flow).faults;
  REQUIRE(faults.size() == 3);
  CHECK(faults[0].starts_with("concurrency.key: "));
  CHECK(faults[1].starts_with("concurrency.fn.key: "));
  CHECK(faults[2].starts_with("throttle.key: "));
}

// Five runs before one slot, a second after each other.
struct Prioritised : JournalHarness {
  Prioritised() {
    FunctionConfig config = limited({{1}});
    config.flow.priority = "event.data.p";
    add_function(config);
    for (const char* data : {R"({"n":0,"p":0})", R"({"n":1,"p":0})", R"({"n":2,"p":120})",
                             R"({"n":3,"p":-30})", R"({"n":4,"p":100})"}) {
      send("go", data);
      advance(1s);
    }
  }
  std::string order() {
    std::string order;
    while (!calls.empty()) {
      order += JsonView::trusted(calls.front().run->events[0].data).find("n")->text();
      returns(take_call());
    }
    return order;
  }
};

TEST_CASE("a priority lets a run overtake those that were created less earlier") {
  Prioritised h;
  h.advance(5min);
  h.send("go", R"({"n":5,"p":240})");  // not enough to pass those that waited five minutes
  CHECK(h.order() == "024135");
}

TEST_CASE("a priority holds across a restart, and for runs whose function was paused") {
  Prioritised h;
  SUBCASE("restart") {
    h.crash();
  }
  SUBCASE("pause") {
    h.apply(PauseFunction{.request = 1, .function = {"f"}, .is_paused = true});
    h.crash();
    CHECK(h.calls.empty());
    h.apply(PauseFunction{.request = 2, .function = {"f"}, .is_paused = false});
  }
  CHECK(h.order() == "02413");  // what had begun goes on first
}

TEST_CASE("a priority holds when a function is registered with more and other limits") {
  JournalHarness h;
  FunctionConfig config = limited({{1}});
  config.flow.priority = "event.data.p";
  h.add_function(config);
  for (const char* data : {R"({"n":0,"p":0})", R"({"n":1,"p":0})", R"({"n":2,"p":120})"}) {
    h.send("go", data);
  }
  REQUIRE(h.calls.size() == 1);
  config.flow.step_concurrency = {{2}};
  config.flow.throttle = Throttle{1000, 1s};
  h.add_function(config);
  REQUIRE(h.calls.size() == 2);
  CHECK(h.calls.back().run->events[0].data == R"({"n":2,"p":120})");
}

}  // namespace stepwell::core::testing
