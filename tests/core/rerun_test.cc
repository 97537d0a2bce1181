// Runs that are done again, from their start or from a step on.
#include "tests/core/harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;

FunctionConfig endpoint() {
  FunctionConfig config = Harness::function("f", "go");
  config.driver = DriverKind::kHttp;
  config.url = "http://h/api?fnId=f";
  return config;
}

StepRecord ended(Position pos, std::string id, std::string data, StepKind kind = StepKind::kRun) {
  StepRecord step;
  step.pos = pos;
  step.run = 3;
  step.key = StepKey::of(id);
  step.id = std::move(id);
  step.kind = kind;
  step.state = StepState::kCompleted;
  step.resolved_pos = pos;
  step.resolved_at = kStart;
  step.data = std::move(data);
  return step;
}

struct Rerun : Harness {
  Rerun() {
    apply(RegisterFunctions{
        .request = 1, .app = "app", .functions = {endpoint()}, .driver = DriverKind::kHttp});
    source.run.no = 3;
    source.run.id = RunId{Ulid::make(now, 1, 1)};
    source.run.function = {"f"};
    source.run.status = RunStatus::kFailed;
    source.run.events = {1};
    source.events.push_back({.pos = 1, .event = {.name = "go", .id = "e", .data = "{}"}});
    source.steps = {ended(5, "a", "1"), ended(6, "nap", "null", StepKind::kSleep),
                    ended(7, "b", "2"), ended(8, "c", "3")};
  }
  void rerun(std::string from_step = "", std::string input = "") {
    now += 1h;
    apply(RerunRun{.request = 5,
                   .id = source.run.id,
                   .from_step = std::move(from_step),
                   .input = std::move(input),
                   .source = source});
  }
  std::string refusal() const { return answers.back().error ? answers.back().error->message : ""; }
  storage::RunSnapshot source;
};

TEST_CASE("a run is done again from its start") {
  Rerun h;
  h.rerun();
  const Call call = h.take_call();
  CHECK(call.memo.empty());
  CHECK(call.run->events.at(0).id == "e");
  CHECK(h.writes<storage::PutRun>().at(0).run.rerun_of == h.source.run.id);
  CHECK(h.answers.back().run == call.run->id);
}

TEST_CASE("from a step on, what began before it is taken over as it ended") {
  Rerun h;
  h.rerun("b");
  const Call call = h.take_call();
  CHECK(call.kind == CallKind::kFunction);
  REQUIRE(call.memo.size() == 2);
  CHECK(call.memo[0].id == "a");
  CHECK(call.memo[0].data == "1");
  CHECK(call.memo[1].kind == StepKind::kSleep);
  const auto steps = h.writes<storage::PutStep>();
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].step.run == call.run->no);
  CHECK(steps[0].step.state == StepState::kCompleted);
  CHECK(steps[0].step.registered_at == h.now);
  CHECK(steps[0].step.resolved_at == h.now);
  CHECK(steps[0].step.resolved_pos > call.run->no);
  h.reply(call, {h.returned("b", "20")});
  CHECK(h.take_call().memo.size() == 3);
}

TEST_CASE("a step may be named by its key") {
  Rerun h;
  h.rerun(StepKey::of("c").to_string());
  CHECK(h.take_call().memo.size() == 3);
}

TEST_CASE("parallel steps that ended and began later are not taken over") {
  Rerun h;
  h.source.steps = {ended(5, "a", "1"), ended(6, "b", "2"), ended(7, "c", "3")};
  h.source.steps[0].resolved_pos = 20;
  h.source.steps[1].state = StepState::kDropped;
  h.rerun("c");
  const Call call = h.take_call();
  REQUIRE(call.memo.size() == 1);
  CHECK(call.memo[0].id == "a");
}

TEST_CASE("a step that there is not, or not once, is refused") {
  Rerun h;
  h.rerun("d");
  CHECK(h.refusal().ends_with(" has no step \"d\"; its steps: \"a\", \"nap\", \"b\", \"c\""));
  h.source.steps.push_back(ended(9, "b", "4"));
  h.source.steps.back().key = StepKey::of("b:1");
  h.rerun("b");
  CHECK(h.refusal().ends_with("by its key, such as " + StepKey::of("b:1").to_string()));
  CHECK(h.calls.empty());
  h.rerun(StepKey::of("b:1").to_string());
  CHECK(h.take_call().memo.size() == 4);
}

TEST_CASE("with other arguments for the step, its body is called first, and with them") {
  Rerun h;
  h.rerun("b", "[7]");
  const Call step = h.take_call();
  CHECK(step.kind == CallKind::kStep);
  CHECK(step.target == StepKey::of("b"));
  CHECK(step.input == "[7]");
  CHECK(step.memo.size() == 2);
  CHECK(h.calls.empty());
  // Another attempt has them as well.
  h.throws(step, {.error = {.name = "Error", .message = "m"}, .retriable = true});
  h.advance(1min);
  const Call again = h.take_call();
  CHECK(again.kind == CallKind::kStep);
  CHECK(again.attempt == 1);
  CHECK(again.input == "[7]");
  h.reply(again, {h.returned("b", "20")});
  const Call next = h.take_call();
  CHECK(next.kind == CallKind::kFunction);
  CHECK(next.input.empty());
  REQUIRE(next.memo.size() == 3);
  CHECK(next.memo[2].data == "20");
}

TEST_CASE("other arguments survive that the run leaves memory") {
  Rerun h;
  h.rerun("b", "[7]");
  const Call step = h.take_call();
  const auto put = h.writes<storage::PutStep>();
  REQUIRE(put.size() == 3);
  CHECK(put[2].step.state == StepState::kPending);
  CHECK(put[2].step.expression == "[7]");
  Core core({}, Random(7));
  Transition out;
  core.begin_recovery({.epoch = 2, .last_pos = 1000});
  core.recover_functions({{.config = endpoint()}});
  storage::RunSnapshot stored;
  stored.run = h.writes<storage::PutRun>().at(0).run;
  stored.events = h.source.events;
  for (const storage::PutStep& each : put) stored.steps.push_back(each.step);
  stored.as_of_seq = 1000;
  storage::OpenRun open{.run = stored.run, .pending = {put[2].step}};
  open.last_resolved = put[1].step.resolved_pos;
  core.recover_runs({open}, h.now);
  core.finish_recovery(h.now, out);
  out = {};
  core.apply(RunLoaded{.run = stored.run.no, .snapshot = stored}, h.now, 1, out);
  REQUIRE(out.effects.size() == 1);
  const Call& call = std::get<StartCall>(out.effects[0]).call;
  CHECK(call.kind == CallKind::kStep);
  CHECK(call.input == "[7]");
}

TEST_CASE("arguments are an array, for a step with a body, of an SDK") {
  Rerun h;
  h.rerun("b", "{\"a\":1}");
  CHECK(h.refusal() == "the input of a step is a JSON array: the arguments of its body");
  h.rerun("nap", "[1]");
  CHECK(h.refusal() == "step \"nap\" is none with a body, and takes no input");
  Harness native;
  native.add_function(native.function("f", "go"));
  native.apply(RerunRun{
      .request = 5, .id = h.source.run.id, .from_step = "b", .input = "[1]", .source = h.source});
  CHECK(native.answers.back().error->message == "step \"b\" is a C++ step, which takes no input");
  CHECK(native.calls.empty());
}

}  // namespace
}  // namespace stepwell::core::testing
