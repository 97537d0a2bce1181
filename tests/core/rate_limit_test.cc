#include <fmt/core.h>

#include "tests/core/harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;
using storage::DropFlowState;
using storage::PutFlowState;
using storage::PutRun;

FunctionConfig limited(int64_t limit, Duration period, std::string key = "") {
  FunctionConfig config = Harness::function("f", "go");
  config.flow.rate_limit = {limit, period, std::move(key)};
  return config;
}

}  // namespace

TEST_CASE("THR-06: a rate limit of one a day for each value of its key") {
  Harness h;
  h.add_function(limited(1, 24h, "event.data.number"));
  h.send("go", R"({"number":1})");
  CHECK(h.calls.size() == 1);
  CHECK(h.writes<PutFlowState>().size() == 1);
  h.send("go", R"({"number":1})");
  CHECK(h.calls.size() == 1);
  CHECK(h.writes<storage::PutEvent>().size() == 1);  // the event is there, and no run of it
  CHECK(h.writes<PutRun>().empty());
  h.send("go", R"({"number":2})");
  CHECK(h.calls.size() == 2);
  h.advance(24h - 1ms);
  h.send("go", R"({"number":1})");
  CHECK(h.calls.size() == 2);
  h.advance(1ms);
  h.send("go", R"({"number":1})");
  CHECK(h.calls.size() == 3);
}

TEST_CASE("as many start as the limit says, at once, and none more in any stretch of the period") {
  Harness h;
  h.add_function(limited(10, 1h));
  for (int i = 0; i < 12; ++i) h.send("go");
  CHECK(h.calls.size() == 10);  // upstream lets two start, then one every six minutes
  h.advance(1h - 1ms);
  h.send("go");
  CHECK(h.calls.size() == 10);
  h.advance(1ms);
  for (int i = 0; i < 12; ++i) h.send("go");
  CHECK(h.calls.size() == 20);
}

TEST_CASE("a key that is false, or a field that is missing, is not limited") {
  Harness h;
  h.add_function(limited(1, 1h, "event.data.number"));
  for (int i = 0; i < 3; ++i) h.send("go", R"({"number":false})");
  for (int i = 0; i < 3; ++i) h.send("go");
  CHECK(h.calls.size() == 6);
}

TEST_CASE("a key that fails at run time leaves a skipped run that says why") {
  Harness h;
  h.add_function(limited(1, 1h, "int(event.data.number)"));
  h.send("go", R"({"number":"seven"})");
  CHECK(h.calls.empty());
  REQUIRE(h.writes<PutRun>().size() == 1);
  const RunRecord run = h.writes<PutRun>()[0].run;
  CHECK(run.status == RunStatus::kSkipped);
  CHECK(run.error->message.starts_with("rateLimit.key: "));
  CHECK(run.events.size() == 1);
  h.send("go", R"({"number":"7"})");
  CHECK(h.calls.size() == 1);
}

TEST_CASE("idempotency: one run a day for each value of the key, in place of the rate limit") {
  Harness h;
  FunctionConfig config = limited(5, 1h);
  config.flow.idempotency = "event.data.order";
  h.add_function(config);
  for (int i = 0; i < 3; ++i) h.send("go", R"({"order":"a"})");
  CHECK(h.calls.size() == 1);
  h.send("go", R"({"order":"b"})");
  CHECK(h.calls.size() == 2);
  h.advance(24h);
  h.send("go", R"({"order":"a"})");
  CHECK(h.calls.size() == 3);
}

TEST_CASE("whoever invokes a function that is rate limited learns it at once") {
  Harness h;
  h.add_function(limited(1, 1h));
  h.add_function(h.function("parent", "begin"));
  h.send("go");
  h.take_call();
  h.send("begin");
  h.reply(h.take_call(), {h.op("call", InvokeFunction{.function = "f"})});
  const Call call = h.take_call();
  REQUIRE(call.memo.size() == 1);
  CHECK(call.memo[0].state == StepState::kFailed);
  CHECK(call.memo[0].error->message.find("rate limited: function \"f\" starts 1 run in 1h; the "
                                         "next may start 2026-") != std::string::npos);
  h.apply(InvokeDirectly{.request = 9, .function = {"f"}});
  REQUIRE(h.answers.back().error);
  CHECK(h.answers.back().error->message.find("rate limited") != std::string::npos);
}

TEST_CASE("a rerun is not rate limited, and does not count") {
  Harness h;
  h.add_function(limited(1, 1h));
  h.send("go");
  storage::RunSnapshot source;
  source.run = h.writes<PutRun>().at(0).run;
  source.events = {h.writes<storage::PutEvent>().at(0).event};
  h.returns(h.take_call());
  h.apply(RerunRun{.request = 5, .id = source.run.id, .source = source});
  CHECK(h.calls.size() == 1);
  CHECK(h.writes<PutFlowState>().empty());
}

TEST_CASE("a limit that is registered anew acts at once, on the starts that there were") {
  Harness h;
  h.add_function(limited(1, 1h));
  h.send("go");
  h.send("go");
  CHECK(h.calls.size() == 1);
  h.configs.back().flow.rate_limit->limit = 3;
  h.apply(RegisterFunctions{.request = 1, .app = "app", .functions = h.configs});
  for (int i = 0; i < 3; ++i) h.send("go");
  CHECK(h.calls.size() == 3);
}

TEST_CASE("starts that count no more leave the journal, and one alarm sees to all of them") {
  Harness h;
  h.add_function(limited(2, 10min, "event.data.user"));
  for (int i = 0; i < 100; ++i) h.send("go", fmt::format(R"({{"user":{}}})", i));
  CHECK(h.flow_rows.size() == 100);
  h.advance(10min - 1ms);
  CHECK(h.flow_rows.size() == 100);
  h.advance(1min);
  CHECK(h.flow_rows.empty());
  CHECK_FALSE(h.core.next_due());
  h.send("go", R"({"user":1})");
  h.advance(9min);
  h.send("go", R"({"user":1})");
  h.advance(2min);
  h.send("go", R"({"user":1})");  // the first counts no more, and goes with this one
  CHECK(h.flow_rows.size() == 2);
}

TEST_CASE("a process that starts again knows the starts before") {
  Harness h;
  h.add_function(limited(2, 1h));
  h.send("go");
  h.advance(30min);
  h.send("go");
  h.restart();
  h.send("go");
  CHECK(h.calls.empty());
  h.advance(30min);
  h.send("go");
  CHECK(h.writes<PutRun>().size() == 1);
  h.send("go");
  CHECK(h.writes<PutRun>().empty());
}

}  // namespace stepwell::core::testing
