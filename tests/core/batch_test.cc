#include <fmt/core.h>

#include "schema/run_flow.h"
#include "tests/core/harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;
using storage::PutRun;

FunctionConfig batched(int64_t size, Duration timeout, std::string key = "",
                       std::string condition = "") {
  FunctionConfig config = Harness::function("f", "go");
  config.flow.batching = {size, timeout, std::move(key), std::move(condition)};
  return config;
}

std::string number(int n) {
  return fmt::format(R"({{"n":{}}})", n);
}

// "n" of the events of a call, in their order.
std::vector<int> numbers_of(const Call& call) {
  std::vector<int> numbers;
  for (const Event& event : call.run->events) {
    numbers.push_back(
        static_cast<int>(JsonView::trusted(event.data).find("n")->as_int64().value()));
  }
  return numbers;
}

void send_all(Harness& h, int count) {
  for (int i = 0; i < count; ++i) h.send("go", number(i));
  h.gather();
}

}  // namespace

TEST_CASE("BAT-01: five of eight events start at once, the others when the timeout is over") {
  Harness h;
  h.add_function(batched(5, 5s));
  send_all(h, 8);
  CHECK(numbers_of(h.take_call()) == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(h.calls.empty());
  h.advance(5s - 1ms);
  h.gather();
  CHECK(h.calls.empty());
  h.advance(1ms);
  h.gather();
  CHECK(numbers_of(h.take_call()) == std::vector<int>{5, 6, 7});
  CHECK(h.flow_rows.empty());
  h.advance(1h);
  h.gather();
  CHECK(h.calls.empty());
}

TEST_CASE("BAT-03: events that the condition does not hold for start a run of their own, at once") {
  Harness h;
  h.add_function(batched(3, 5s, "", "event.data.n > 2"));
  send_all(h, 6);
  for (int i = 0; i < 3; ++i) CHECK(numbers_of(h.take_call()) == std::vector<int>{i});
  CHECK(numbers_of(h.take_call()) == std::vector<int>{3, 4, 5});
  h.send("go", R"({"n":"text"})");  // and those for which it fails
  CHECK(h.calls.size() == 1);
}

TEST_CASE("a run says why its events have no key") {
  Harness h;
  h.add_function(batched(2, 5s, "int(event.data.n)"));
  const auto faults = [&] {
    REQUIRE(h.writes<PutRun>().size() == 1);
    return parse_run_flow(h.writes<PutRun>()[0].run.flow).faults;
  };
  h.send("go", R"({"n":1})");
  h.send("go", R"({"n":1})");
  h.gather();
  CHECK(faults().empty());
  h.send("go", R"({"n":"x"})");
  h.send("go", R"({"n":"y"})");
  h.gather();
  REQUIRE(faults().size() == 1);
  CHECK(faults()[0].starts_with("batchEvents.key: can't evaluate "));
}

TEST_CASE("BAT-04: what no trigger asks for is in no batch") {
  Harness h;
  FunctionConfig config = batched(2, 5s, "", "event.data.n < 6");
  config.triggers[0].expression = "event.data.n > 2";
  h.add_function(config);
  send_all(h, 8);
  CHECK(numbers_of(h.take_call()) == std::vector<int>{6});
  CHECK(numbers_of(h.take_call()) == std::vector<int>{7});
  CHECK(numbers_of(h.take_call()) == std::vector<int>{3, 4});
  h.advance(5s);
  h.gather();
  CHECK(numbers_of(h.take_call()) == std::vector<int>{5});
}

TEST_CASE("BAT-06: ten events of one request fill a batch of ten") {
  Harness h;
  h.add_function(batched(10, 5s));
  AcceptEvents all;
  for (int i = 0; i < 10; ++i) all.events.push_back({.event = {.name = "go", .data = number(i)}});
  h.apply(std::move(all));
  h.gather();
  CHECK(numbers_of(h.take_call()).size() == 10);
  h.advance(1h);
  h.gather();
  CHECK(h.calls.empty());
}

TEST_CASE("BAT-07: the run of a batch says that it is one, and lists all of its events") {
  Harness h;
  h.add_function(batched(2, 5s));
  h.send("go", number(0), "a");
  h.advance(1s);
  h.send("go", number(1), "b");
  h.gather();
  const RunRecord run = h.writes<PutRun>().at(0).run;
  CHECK(run.events.size() == 2);
  CHECK(run.event_id == "a");
  CHECK(parse_run_flow(run.flow).batched_at == h.now - 1s);
}

TEST_CASE("each value of the key has batches of its own; a key that fails is one for all") {
  Harness h;
  h.add_function(batched(2, 5s, "int(event.data.n)"));
  h.send("go", R"({"n":1})");
  h.send("go", R"({"n":2})");
  h.send("go", R"({"n":"x"})");
  h.send("go", R"({"n":1})");
  h.gather();
  CHECK(numbers_of(h.take_call()) == std::vector<int>{1, 1});
  h.send("go", R"({"n":"y"})");
  h.gather();
  CHECK(h.take_call().run->events.size() == 2);
  CHECK(h.calls.empty());
}

TEST_CASE("a batch holds 10 MiB at most") {
  Harness h;
  h.add_function(batched(100, 5s));
  const std::string text(3u << 20, 'x');
  for (int i = 0; i < 4; ++i) {
    h.send("go", fmt::format(R"({{"n":{},"text":"{}"}})", i, text));
    h.gather();
  }
  CHECK(numbers_of(h.take_call()) == std::vector<int>{0, 1, 2});
  h.advance(5s);
  h.gather();
  CHECK(numbers_of(h.take_call()) == std::vector<int>{3});
}

TEST_CASE("timeouts of days and weeks are taken") {
  Harness h;
  h.add_function(batched(100, std::chrono::days(8)));
  h.send("go", number(1));
  h.advance(std::chrono::days(8) - 1ms);
  h.gather();
  CHECK(h.calls.empty());
  h.advance(1ms);
  h.gather();
  CHECK(h.calls.size() == 1);
}

TEST_CASE("a copy of an event that is in a batch is ignored") {
  Harness h;
  h.add_function(batched(2, 5s));
  h.send("go", number(1), "a");
  AcceptEvents copy;
  copy.events.push_back({.event = {.name = "go", .id = "a", .data = number(2)}});
  copy.events[0].history.copies = {{h.writes<storage::PutEvent>().at(0).event.pos, "go"}};
  h.apply(copy);
  h.gather();
  CHECK(h.calls.empty());
  h.send("go", number(3));
  h.gather();
  CHECK(numbers_of(h.take_call()) == std::vector<int>{1, 3});
}

TEST_CASE("everyone who invoked an event of a batch gets the result of its run") {
  Harness h;
  h.add_function(batched(3, 5s));
  h.add_function(h.function("parent", "begin"));
  for (int i = 0; i < 2; ++i) {
    h.send("begin");
    h.reply(h.take_call(), {h.op("call", InvokeFunction{.function = "f", .data = number(i)})});
  }
  CHECK(h.calls.empty());
  SUBCASE("in the same process") {}
  SUBCASE("after another start") {
    h.restart();
  }
  h.advance(5s);
  h.gather();
  const Call batch = h.take_call();
  CHECK(numbers_of(batch) == std::vector<int>{0, 1});
  h.returns(batch, "7");
  const auto ended = h.writes<storage::UpdateStep>();
  REQUIRE(ended.size() == 2);
  for (const storage::UpdateStep& update : ended) {
    CHECK(update.step.state == StepState::kCompleted);
    CHECK(update.step.data == "7");
  }
}

TEST_CASE("API-15: the rerun of a batch is a batch, with all of its events") {
  Harness h;
  h.add_function(batched(2, 5s));
  h.send("go", number(1));
  const EventRecord first = h.writes<storage::PutEvent>().at(0).event;
  h.send("go", number(2));
  const EventRecord second = h.writes<storage::PutEvent>().at(0).event;
  h.gather();
  storage::RunSnapshot source;
  source.run = h.writes<PutRun>().at(0).run;
  source.events = {first, second};
  h.returns(h.take_call());
  h.apply(RerunRun{.request = 5, .id = source.run.id, .source = source});
  CHECK(numbers_of(h.take_call()) == std::vector<int>{1, 2});
  const RunRecord rerun = h.writes<PutRun>().at(0).run;
  CHECK(parse_run_flow(rerun.flow).batched_at == parse_run_flow(source.run.flow).batched_at);
}

TEST_CASE("a smaller size that is registered acts on the next event") {
  Harness h;
  h.add_function(batched(5, 5s));
  send_all(h, 3);
  h.configs.back().flow.batching->max_size = 2;
  h.apply(RegisterFunctions{.request = 1, .app = "app", .functions = h.configs});
  h.send("go", number(3));
  h.gather();
  CHECK(numbers_of(h.take_call()) == std::vector<int>{0, 1, 2});
  h.send("go", number(4));
  h.gather();
  CHECK(numbers_of(h.take_call()) == std::vector<int>{3, 4});
}

TEST_CASE("what is damaged of a batch is left out and told; the others start") {
  Harness h;
  h.add_function(batched(2, 5s));
  h.send("go", number(1), "a");
  h.send("go", number(2), "b");
  EventsRead read = h.take_read();
  read.events.at(0).event = Error{ErrorCode::kCorrupt, "event 3 is damaged"};
  CHECK(h.core.lookups_of(read).event_ids == std::vector<std::string>{"b"});
  read.histories.resize(1);
  h.apply(std::move(read));
  CHECK(numbers_of(h.take_call()) == std::vector<int>{2});
  REQUIRE(h.writes<PutRun>().size() == 2);
  CHECK(h.writes<PutRun>()[0].run.status == RunStatus::kSkipped);
}

TEST_CASE("a batch goes on after the process has started again, wherever it died") {
  Harness h;
  h.add_function(batched(3, 5s));
  send_all(h, 2);
  SUBCASE("while it gathers") {
    h.restart();
    h.send("go", number(2));
  }
  SUBCASE("when it was due long ago: it takes no more") {
    h.now += 1h;
    h.restart();
    h.send("go", number(9));
    h.advance(0s);
    h.gather();
    CHECK(numbers_of(h.take_call()) == std::vector<int>{0, 1});
    h.send("go", number(1));
    h.send("go", number(2));
    h.gather();
    CHECK(numbers_of(h.take_call()) == std::vector<int>{9, 1, 2});
    return;
  }
  SUBCASE("when it was full, and the clock has jumped back since") {
    h.send("go", number(2));
    const EventsRead lost = h.take_read();
    h.now -= 1s;
    h.restart();
    h.apply(lost);
    CHECK(h.calls.empty());
    h.send("go", number(3));
    h.advance(1s);
  }
  h.gather();
  CHECK(numbers_of(h.take_call()) == std::vector<int>{0, 1, 2});
  CHECK(h.calls.empty());
}

}  // namespace stepwell::core::testing
