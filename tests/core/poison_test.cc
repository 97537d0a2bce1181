// Runs that may have killed their process, and what waits while they are tried alone.
#include "tests/core/journal_harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;

Settings killed_after(int deaths) {
  Settings settings;
  settings.deaths_alone_max = deaths;
  return settings;
}

}  // namespace

// The killer's end at the start wakes its invoker, which is held back then, and once more when all
// are let go: it must be tried once.
TEST_CASE("a suspect that is woken while the runs of a restart are let go is tried once") {
  JournalHarness h(killed_after(2));
  h.add_function(h.function("older", "older"));
  h.add_function(h.function("invoker", "go"));
  h.add_function(h.function("killer", ""));
  h.send("older");
  h.send("go");
  h.reply(h.calls.back(),
          {h.op("call", InvokeFunction{.function = "killer"}), h.op("x", StepPlanned{})});
  h.crash();
  h.crash();                                                       // all three are suspects
  h.reply(h.take_call(), {h.op("p", StepPlanned{})});              // the older one, alone
  h.reply(h.take_call(), {h.op("x", StepReturned{.data = "1"})});  // the invoker, alone
  h.crash();
  h.crash();  // twice while the killer was tried: it fails
  CHECK(h.count(RunStatus::kFailed) == 1);
  h.reply(h.take_call(), {h.op("p", StepReturned{.data = "1"})});
  h.reply(h.take_call(), {h.op("nap", Sleep{{.after = 1h}})});
  h.calls.clear();
  h.send("older");
  CHECK(h.calls.size() == 1);
}

TEST_CASE("a run that comes while suspects are tried has not started") {
  JournalHarness h;
  h.add_function(h.function("killer", "kill"));
  h.add_function(h.function("g", "go"));
  h.send("kill");
  h.crash();
  h.crash();
  const Call alone = h.take_call();
  h.send("go");
  CHECK(h.calls.empty());
  CHECK(h.runs().back().status == RunStatus::kScheduled);
  h.returns(alone);
  REQUIRE(h.calls.size() == 1);
  CHECK(h.runs().back().status == RunStatus::kRunning);
}

TEST_CASE("a suspect whose function is paused and resumed while it is called goes on") {
  JournalHarness h;
  h.add_function(h.function("killer", "kill"));
  h.send("kill");
  h.reply(h.take_call(), {h.op("w", WaitForEvent{.event = "wake", .timeout = {.after = 24h}}),
                          h.op("a", StepPlanned{})});
  h.crash();
  h.crash();
  const Call alone = h.take_call();
  h.apply(PauseFunction{.request = 3, .function = {"killer"}});
  h.send("wake");
  h.apply(PauseFunction{.request = 3, .function = {"killer"}, .is_paused = false});
  h.reply(alone, {h.op("a", StepReturned{.data = "1"})});
  CHECK(h.core().check().empty());
  CHECK(h.calls.size() == 1);
}

TEST_CASE("what a suspect starts does not overtake those that wait behind it") {
  JournalHarness h;
  h.add_function(h.function("killer", "kill"));
  FunctionConfig one = h.function("one", "go");
  one.flow.run_concurrency = {{.limit = 1}};
  h.add_function(one);
  h.send("kill");
  h.crash();
  h.crash();
  const Call alone = h.take_call();
  h.send("go");  // waits behind the suspect
  REQUIRE(h.calls.empty());
  h.reply(alone, {h.op("s", SendEvents{.events = {{.name = "go"}}})});
  const std::vector<RunRecord> runs = h.runs();
  REQUIRE(runs.size() == 3);
  CHECK(runs[1].status == RunStatus::kRunning);
  CHECK(runs[2].status == RunStatus::kScheduled);
}

// The frame's end lets those behind a suspect go, who may end at once and wake what invoked them:
// the very run that is being told to wait for its next attempt.
TEST_CASE("a frame that threw is not called again by what its end lets go") {
  JournalHarness h;
  h.add_function(h.function("older", "older"));
  h.add_function(h.function("killer", "kill"));
  FunctionConfig late = h.function("late", "");
  late.flow.finish_timeout = 1h;
  h.add_function(late);
  h.add_function(h.function("f", "go"));
  h.send("older");
  h.send("kill");
  h.crash();
  h.crash();  // both are suspects
  h.apply(PauseFunction{.request = 3, .function = {"killer"}});
  h.returns(h.take_call());
  h.send("go");
  h.reply(h.take_call(), {h.op("i", InvokeFunction{.function = "late"}), h.op("a", StepPlanned{}),
                          h.op("b", StepPlanned{})});
  REQUIRE(h.calls.size() == 3);
  const Call invoked = h.take_call();
  const Call a = h.take_call();
  h.calls.clear();
  h.reply(invoked, {h.op("w", WaitForEvent{.event = "go on", .timeout = {.after = 24h}})});
  h.apply(PauseFunction{.request = 3, .function = {"killer"}, .is_paused = false});
  h.send("go on");  // the late one waits behind the suspect
  h.apply(CancelRun{.request = 3, .id = h.runs()[1].id});
  REQUIRE(h.calls.empty());
  h.now += 2h;  // its timeout is due when the reply comes
  h.throws(a, {.error = {.name = "Error", .message = "no config yet"}});
  CHECK(h.calls.empty());
  h.advance(1h);
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls.front().kind == CallKind::kFunction);
  CHECK(h.calls.front().attempt == 1);
}

}  // namespace stepwell::core::testing
