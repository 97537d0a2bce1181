// Functions that start by the clock.
#include "tests/core/harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;

Time at(std::string_view text) {
  return parse_rfc3339(text).value();
}

struct Clocked : Harness {
  Clocked() { now = at("2026-11-26T10:00:30Z"); }

  static FunctionConfig cron(std::string id, std::vector<std::string> texts) {
    FunctionConfig config = function(std::move(id), "");
    for (std::string& text : texts) config.triggers.push_back({.cron = std::move(text)});
    return config;
  }
  // Registers the app's only function.
  void set(FunctionConfig config) {
    configs.clear();
    add_function(std::move(config));
  }
  // Lets time pass, alarm by alarm; when the runs began, and ends them.
  std::vector<std::string> runs_until(std::string_view until) {
    std::vector<std::string> begun;
    for (auto due = core.next_due(); due && *due <= at(until); due = core.next_due()) {
      now = std::max(now, *due);
      apply(TimePassed{});
      note_runs(begun);
      while (!reads.empty()) {  // of what is debounced
        apply(take_read());
        note_runs(begun);
      }
      while (!calls.empty()) returns(take_call());
    }
    now = at(until);
    return begun;
  }

 private:
  void note_runs(std::vector<std::string>& begun) const {
    for (const storage::PutRun& put : writes<storage::PutRun>()) {
      begun.push_back(format_rfc3339(put.run.created_at).substr(11, 8));
    }
  }
};

std::string member(const std::string& json, std::string_view key) {
  return JsonView::trusted(json).find(key)->as_string().value();
}

TEST_CASE("a schedule starts a run at each of its instants, with an event that says which") {
  Clocked h;
  h.add_function(h.cron("f", {"*/2 * * * *"}));
  CHECK(h.core.next_due() == at("2026-11-26T10:02:00Z"));
  h.now = at("2026-11-26T10:01:59Z");
  h.apply(TimePassed{});
  CHECK(h.calls.empty());
  h.now = at("2026-11-26T10:02:00Z");
  h.apply(TimePassed{});
  const Call call = h.take_call();
  const Event& event = call.run->events.at(0);
  CHECK(event.name == "inngest/scheduled.timer");
  CHECK(event.id == "2026-11-26T10:02:00Z");
  CHECK(event.ts == at("2026-11-26T10:02:00Z"));
  CHECK(member(event.data, "cron") == "*/2 * * * *");
  CHECK(member(event.data, "scheduledAt") == "2026-11-26T10:02:00Z");
  CHECK(member(event.data, "fireAt") == "2026-11-26T10:02:00Z");
  // The run, its event and the note that the instant was seen to are one transition.
  CHECK(h.writes<storage::PutRun>().size() == 1);
  CHECK(h.writes<storage::PutEvent>().size() == 1);
  REQUIRE(h.writes<storage::PutFlowState>().size() == 1);
  const storage::PutFlowState row = h.writes<storage::PutFlowState>()[0];
  CHECK(row.key.function == "f");
  CHECK(row.key.kind == storage::FlowKind::kCron);
  CHECK(row.key.key == "*/2 * * * *");
  CHECK(row.at == at("2026-11-26T10:02:00Z"));
  CHECK(h.core.next_due() == at("2026-11-26T10:04:00Z"));
}

TEST_CASE("runs of a schedule may overlap") {
  Clocked h;
  h.add_function(h.cron("f", {"* * * * *"}));
  h.now = at("2026-11-26T10:01:00Z");
  h.apply(TimePassed{});
  h.now = at("2026-11-26T10:02:00Z");
  h.apply(TimePassed{});
  CHECK(h.core.open_runs() == 2);
}

// semantics.md §10.9
TEST_CASE("of what takes events in, all but batching holds for a schedule's instants") {
  using Begun = std::vector<std::string>;
  Clocked h;
  FunctionConfig config = h.cron("f", {"* * * * *"});
  SUBCASE("a rate limit") {
    config.flow.rate_limit = {1, 3min, ""};
    h.set(config);
    CHECK(h.runs_until("2026-11-26T10:08:30Z") == Begun{"10:01:00", "10:04:00", "10:07:00"});
  }
  SUBCASE("an idempotency key: of each instant, or of all") {
    config.flow.idempotency = "event.id";
    h.set(config);
    CHECK(h.runs_until("2026-11-26T10:03:30Z") == Begun{"10:01:00", "10:02:00", "10:03:00"});
    config.flow.idempotency = "event.name";
    h.set(config);
    CHECK(h.runs_until("2026-11-26T10:06:30Z") == Begun{"10:04:00"});
  }
  SUBCASE("a debounce, until it has rest or its timeout is over") {
    config.flow.debounce = {30s, "", {}};
    h.set(config);
    CHECK(h.runs_until("2026-11-26T10:02:45Z") == Begun{"10:01:30", "10:02:30"});
    config.flow.debounce = {90s, "", 3min};
    h.set(config);
    CHECK(h.runs_until("2026-11-26T10:06:30Z") == Begun{"10:06:00"});
  }
  SUBCASE("no batch") {
    config.flow.batching = {2, 1h, "", ""};
    h.set(config);
    CHECK(h.runs_until("2026-11-26T10:02:30Z") == Begun{"10:01:00", "10:02:00"});
  }
  SUBCASE("a singleton") {
    config.flow.singleton = Singleton{SingletonMode::kSkip, ""};
    h.set(config);
    h.now = at("2026-11-26T10:01:00Z");
    h.apply(TimePassed{});
    h.now = at("2026-11-26T10:02:00Z");
    h.apply(TimePassed{});
    CHECK(h.calls.size() == 1);
    CHECK(h.writes<storage::PutRun>().at(0).run.status == RunStatus::kSkipped);
  }
}

TEST_CASE("CRN-03: a schedule that is changed counts at once") {
  Clocked h;
  h.set(h.cron("f", {"*/2 * * * *"}));
  CHECK(h.runs_until("2026-11-26T10:02:10Z") == std::vector<std::string>{"10:02:00"});
  h.set(h.cron("f", {"* * * * *"}));
  CHECK(h.runs_until("2026-11-26T10:05:10Z") ==
        std::vector<std::string>{"10:03:00", "10:04:00", "10:05:00"});
  h.set(h.cron("f", {}));
  CHECK(h.runs_until("2026-11-26T10:15:10Z").empty());
}

TEST_CASE("CRN-04: a second schedule starts the same function, and once where both are due") {
  Clocked h;
  h.set(h.cron("f", {"*/3 * * * *"}));
  CHECK(h.runs_until("2026-11-26T10:01:00Z").empty());
  h.set(h.cron("f", {"*/3 * * * *", "*/2 * * * *"}));
  CHECK(h.runs_until("2026-11-26T10:06:30Z") ==
        std::vector<std::string>{"10:02:00", "10:03:00", "10:04:00", "10:06:00"});
}

TEST_CASE("a function that left its app is started no more") {
  Clocked h;
  h.add_function(h.cron("f", {"* * * * *"}));
  h.apply(RegisterFunctions{.request = 1, .app = "app"});
  CHECK(h.writes<storage::DropFlowState>().size() == 1);
  CHECK(h.runs_until("2026-11-26T10:10:00Z").empty());
}

TEST_CASE("CRN-06: a jitter that is removed counts no more for the occurrence at hand") {
  Clocked h;
  FunctionConfig config = h.cron("f", {"0 11 * * *"});
  config.triggers[0].jitter = 5min;
  h.set(config);
  const Time shifted = h.core.next_due().value();
  CHECK(shifted > at("2026-11-26T11:00:00Z"));
  CHECK(shifted < at("2026-11-26T11:05:00Z"));
  CHECK(h.runs_until("2026-11-26T11:00:00Z").empty());
  h.set(h.cron("f", {"0 11 * * *"}));
  h.apply(TimePassed{});
  CHECK(h.take_call().run->events.at(0).id == "2026-11-26T11:00:00Z");
  CHECK(h.runs_until("2026-11-26T11:10:00Z").empty());
}

TEST_CASE("an event says by how much its run is later than its instant") {
  Clocked h;
  FunctionConfig config = h.cron("f", {"0 11 * * *"});
  config.triggers[0].jitter = 1s;
  h.set(config);
  h.now = at("2026-11-26T11:00:01Z");
  h.apply(TimePassed{});
  const Event event = h.take_call().run->events.at(0);
  CHECK(event.id == "2026-11-26T11:00:00Z");
  CHECK(event.ts == at("2026-11-26T11:00:01Z"));
  CHECK(member(event.data, "scheduledAt") == "2026-11-26T11:00:00Z");
  CHECK(member(event.data, "fireAt") == "2026-11-26T11:00:01Z");
}

// A core after a start, and what it did by then.
struct Started {
  Started(Time last_tick, Time now) : core({}, Random(7)) {
    core.begin_recovery({.epoch = 2, .last_pos = 100});
    core.recover_functions({{.config = Clocked::cron("f", {"0 * * * *"})}});
    storage::FlowState row;
    row.key = {.function = "f", .kind = storage::FlowKind::kCron, .key = "0 * * * *"};
    row.at = last_tick;
    row.data = std::string("0");
    core.recover_flow_states({row}, now);
    core.finish_recovery(now, out);
    CHECK(out.writes.empty());
    core.apply(TimePassed{}, now, 1, out);
    CHECK(core.check().empty());
    for (const storage::Record& record : out.writes) {
      if (const auto* put = std::get_if<storage::PutEvent>(&record)) {
        events.push_back(put->event.event.id);
      }
    }
  }

  Transition out;
  Core core;
  std::vector<std::string> events;
};

TEST_CASE("after a start the latest of the instants that were missed is run") {
  const Started started(at("2026-11-26T03:00:00Z"), at("2026-11-26T10:30:00Z"));
  CHECK(started.events == std::vector<std::string>{"2026-11-26T10:00:00Z"});
  CHECK(started.core.next_due() == at("2026-11-26T11:00:00Z"));
}

TEST_CASE("after a start an instant that was seen to is not run again") {
  const Started on_time(at("2026-11-26T10:00:00Z"), at("2026-11-26T10:30:00Z"));
  CHECK(on_time.events.empty());
  CHECK(on_time.core.next_due() == at("2026-11-26T11:00:00Z"));
  // Nor when the clock was put back.
  const Started behind(at("2026-11-26T10:00:00Z"), at("2026-11-26T08:30:00Z"));
  CHECK(behind.events.empty());
  CHECK(behind.core.next_due() == at("2026-11-26T11:00:00Z"));
}

TEST_CASE("a clock that is put back repeats no run of a schedule") {
  Clocked h;
  h.set(h.cron("f", {"* * * * *"}));
  CHECK(h.runs_until("2026-11-26T10:02:00Z").size() == 2);
  h.now = at("2026-11-26T09:50:00Z");
  h.apply(TimePassed{});
  CHECK(h.runs_until("2026-11-26T10:03:00Z") == std::vector<std::string>{"10:03:00"});
}

TEST_CASE("local times that come twice start a run once") {
  Clocked h;
  h.now = at("2026-10-24T12:00:00Z");
  h.set(h.cron("f", {"TZ=Europe/Vienna 30 2 * * *"}));
  CHECK(h.runs_until("2026-10-25T12:00:00Z") == std::vector<std::string>{"00:30:00"});
}

TEST_CASE("the event of a schedule may trigger other functions, and end waits") {
  Clocked h;
  h.add_function(h.cron("f", {"*/2 * * * *"}));
  h.add_function(h.function("observer", "inngest/scheduled.timer"));
  h.now = at("2026-11-26T10:02:00Z");
  h.apply(TimePassed{});
  CHECK(h.writes<storage::PutRun>().size() == 2);
  CHECK(h.writes<storage::PutEvent>().size() == 1);
}

}  // namespace
}  // namespace stepwell::core::testing
