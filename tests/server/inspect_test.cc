#include <doctest/doctest.h>

#include "api/server/inspect/queries.h"
#include "schema/json.h"
#include "storage/sqlite/version.h"
#include "tests/server/fake_reader.h"

namespace stepwell::server {
namespace {

const Time kNoon = from_millis(1'732'363'200'000);  // 2024-11-23T12:00:00Z

Ulid ulid(uint64_t number) {
  return Ulid::make(kNoon, 0, number);
}

EventRecord event(Position pos, std::string name, std::string id = "") {
  EventRecord record;
  record.pos = pos;
  record.id = EventId{ulid(pos)};
  record.event = {.name = std::move(name), .id = std::move(id), .data = R"({"n":1})", .ts = kNoon};
  if (record.event.id.empty()) record.event.id = record.id.to_string();
  record.received_at = kNoon;
  return record;
}

RunRecord run(RunNo no, std::string function, Position triggered_by,
              RunStatus status = RunStatus::kRunning) {
  RunRecord record;
  record.no = no;
  record.id = RunId{ulid(no)};
  record.function = {std::move(function)};
  record.status = status;
  record.events = {triggered_by};
  record.created_at = record.start_at = kNoon;
  return record;
}

StepRecord step(Position pos, RunNo of_run, std::string id, StepKind kind, StepState state) {
  StepRecord record;
  record.pos = pos;
  record.run = of_run;
  record.key = StepKey::of(id);
  record.id = std::move(id);
  record.kind = kind;
  record.state = state;
  record.registered_at = kNoon + Duration(pos);
  if (state != StepState::kPending) record.resolved_at = kNoon + Duration(pos + 100);
  return record;
}

std::string text_of(const JsonView& object, std::string_view key) {
  const std::optional<JsonView> value = object.find(key);
  return value ? value->as_string().value_or("?") : "absent";
}

std::vector<JsonView> elements_of(const JsonView& object, std::string_view key) {
  std::vector<JsonView> elements;
  const std::optional<JsonView> array = object.find(key);
  REQUIRE(array);
  for (JsonElements it = array->elements(); it.next();) elements.push_back(it.value());
  return elements;
}

struct Shop : FakeReader {
  Shop() {
    events = {event(1, "shop/paid", "order-1"), event(3, "shop/paid"), event(5, "shop/shipped")};
    runs = {run(2, "bill", 1), run(4, "bill", 3, RunStatus::kCompleted), run(6, "ship", 5)};
    runs[1].output = "42";
    stored_functions = {{.config = {.id = {"ship"}}}, {.config = {.id = {"bill"}}}};
  }
};

std::string why_of(FakeReader& reader, std::optional<core::WakeSource> wake = std::nullopt) {
  const Result<std::string> trace =
      show_run({.id = ulid(2).to_string(), .now = kNoon, .wake = std::move(wake)}, reader);
  REQUIRE(trace.ok());
  const JsonView data = *parse_json(*trace)->find("data");
  const std::optional<JsonView> waiting = data.find("waiting");
  return waiting ? text_of(*waiting, "kind") + ": " + text_of(*waiting, "why") : "it has ended";
}

}  // namespace

TEST_CASE("runs are listed in pages, and the cursor leads through all of them") {
  Shop shop;
  const std::string first = list_runs({.query = {{"limit", "2"}}}, shop).value();
  const JsonView page = parse_json(first).value();
  const std::vector<JsonView> runs = elements_of(page, "data");
  REQUIRE(runs.size() == 2);
  CHECK(text_of(runs[0], "function") == "ship");
  CHECK(text_of(runs[1], "status") == "Completed");
  CHECK(text_of(*runs[1].find("event"), "name") == "shop/paid");
  CHECK(runs[1].find("output")->text() == "42");
  CHECK(text_of(page, "cursor") == "4");

  const std::string second = list_runs({.query = {{"limit", "2"}, {"cursor", "4"}}}, shop).value();
  const JsonView last = parse_json(second).value();
  CHECK(elements_of(last, "data").size() == 1);
  CHECK(last.find("cursor")->is_null());
}

TEST_CASE("runs are filtered by what the query names") {
  Shop shop;
  const auto count = [&](NamedValues query) {
    const Result<std::string> page = list_runs({.query = std::move(query)}, shop);
    REQUIRE_MESSAGE(page.ok(), page.error().message);
    return elements_of(*parse_json(*page), "data").size();
  };
  CHECK(count({}) == 3);
  CHECK(count({{"function", "bill"}}) == 2);
  CHECK(count({{"status", "completed"}}) == 1);
  CHECK(count({{"status", "RUNNING,completed"}}) == 3);
  CHECK(count({{"event", "order-1"}}) == 1);
  CHECK(count({{"from", "2024-11-23T12:00:00Z"}}) == 3);
  CHECK(count({{"until", "2024-11-23T12:00:00Z"}}) == 0);
}

TEST_CASE("a search finds runs by their event, their output and their error") {
  Shop shop;
  shop.runs[0].status = RunStatus::kFailed;
  shop.runs[0].error = ErrorInfo{.name = "CardError", .message = "declined"};
  shop.events[2].event.data = R"({"truck":"big"})";
  const auto found = [&](const std::string& query) {
    const Result<std::string> page = list_runs({.query = {{"query", query}}}, shop);
    REQUIRE_MESSAGE(page.ok(), page.error().message);
    std::string ids;
    for (const JsonView& run : elements_of(*parse_json(*page), "data")) {
      ids += text_of(run, "function") + " " + text_of(run, "status") + ";";
    }
    return ids;
  };
  CHECK(found("event.data.truck == 'big'") == "ship Running;");
  CHECK(found("output == 42") == "bill Completed;");
  CHECK(found("error.name == 'CardError'") == "bill Failed;");
  CHECK(found("event.name == 'shop/paid'\nerror.message.contains('decl')") == "bill Failed;");
  CHECK(found("event.name == 'nobody'").empty());

  const Error wrong = list_runs({.query = {{"query", "output.n"}}}, shop).error();
  CHECK(wrong.code == ErrorCode::kInvalid);
  CHECK(wrong.message.find("is no condition") != std::string::npos);
}

TEST_CASE("a search looks through a bounded number of runs, and its cursor leads through all") {
  FakeReader many;
  many.events = {event(1, "a")};
  constexpr RunNo kRuns = 12'000;
  for (RunNo no = 2; no < 2 + kRuns; ++no) many.runs.push_back(run(no, "f", 1));
  many.runs.front().status = RunStatus::kCompleted;
  many.runs.front().output = "7";
  NamedValues query = {{"query", "output == 7"}, {"limit", "10"}, {"cursor", "99999"}};
  int pages = 0;
  size_t found = 0;
  while (true) {
    const std::string text = list_runs({.query = query}, many).value();
    const JsonView page = *parse_json(text);
    ++pages;
    found += elements_of(page, "data").size();
    if (page.find("cursor")->is_null()) break;
    query.back().second = text_of(page, "cursor");
  }
  CHECK(found == 1);
  CHECK(pages == 3);
}

TEST_CASE("an open run in the list says what it waits for") {
  Shop shop;
  StepRecord nap = step(7, 2, "nap", StepKind::kSleep, StepState::kPending);
  nap.due = kNoon + std::chrono::hours(1);
  shop.steps = {nap, step(8, 6, "paid?", StepKind::kWaitForEvent, StepState::kPending)};
  const std::string text = list_runs({.now = kNoon}, shop).value();
  const std::vector<JsonView> runs = elements_of(*parse_json(text), "data");
  REQUIRE(runs.size() == 3);
  CHECK(text_of(runs[0], "waiting_for") == "event");
  CHECK(text_of(runs[1], "waiting_for") == "absent");
  CHECK(text_of(runs[2], "waiting_for") == "sleep");
}

TEST_CASE("a parameter that is wrong is named, with what it may be") {
  Shop shop;
  const auto error = [&](NamedValues query) {
    const Result<std::string> page = list_runs({.query = std::move(query)}, shop);
    REQUIRE(!page.ok());
    return page.error();
  };
  CHECK(error({{"limit", "0"}}).message == "limit \"0\" is no number from 1 to 200");
  CHECK(error({{"limit", "9999"}}).code == ErrorCode::kInvalid);
  CHECK(error({{"cursor", "4x"}}).message == "cursor \"4x\" is none that a page of this list gave");
  CHECK(error({{"status", "sleepy"}}).message.find("\"sleepy\"") != std::string::npos);
  CHECK(error({{"from", "noon"}}).message ==
        "from \"noon\" is no time such as 2026-08-22T10:00:00Z");
  CHECK(error({{"color", "red"}}).message ==
        "there is no parameter \"color\" here; there are function, status, event, query, from, "
        "until, limit and cursor");
  CHECK(error({{"event", "nope"}}).code == ErrorCode::kNotFound);
  CHECK(error({{"function", "bil"}}).message == "there is no function \"bil\"");
}

TEST_CASE("a filter without a value is refused: it would mean every run") {
  Shop shop;
  const auto error = [&](NamedValues query) {
    const Result<std::string> page = list_runs({.query = std::move(query)}, shop);
    REQUIRE(!page.ok());
    CHECK(page.error().code == ErrorCode::kInvalid);
    return page.error().message;
  };
  for (const char* value : {"", ",", ",,", " "}) {
    CAPTURE(value);
    CHECK(error({{"status", value}}).find("status") != std::string::npos);
  }
  for (const char* value : {"", " ", "\n", " \t\r\n "}) {
    CAPTURE(value);
    CHECK(error({{"query", value}}) == "query has no condition");
  }
  CHECK(error({{"query", "output == 42"}, {"query", "output == 43"}}) ==
        "query is given more than once");
  CHECK(error({{"function", "bill"}, {"function", "ship"}}) == "function is given more than once");
  // Statuses add up.
  CHECK(list_runs({.query = {{"status", "failed"}, {"status", "running"}}}, shop).ok());
}

TEST_CASE("a trace shows steps with attempts, what ended waits, and runs by their ids") {
  Shop shop;
  StepRecord paid = step(7, 2, "wait paid", StepKind::kWaitForEvent, StepState::kCompleted);
  paid.target = "shop/shipped";
  paid.resolved_event = 5;
  paid.data = "{}";
  StepRecord call = step(8, 2, "call", StepKind::kInvoke, StepState::kPending);
  call.target = "ship";
  call.invoked_run = 6;
  shop.steps = {paid, call};
  shop.runs[0].invoked_by = InvokedBy{4, StepKey::of("x")};
  AttemptRecord of_function;
  of_function.run = 2;
  of_function.error.message = "no luck";
  AttemptRecord of_step = of_function;
  of_step.step = call.key;
  of_step.attempt = 1;
  shop.attempts = {of_function, of_step};

  const std::string text = show_run({.id = ulid(2).to_string(), .now = kNoon}, shop).value();
  const JsonView trace = *parse_json(text)->find("data");
  CHECK(text_of(*trace.find("run"), "invoked_by") == ulid(4).to_string());
  CHECK(text_of(elements_of(trace, "events").at(0), "id") == "order-1");
  const std::vector<JsonView> steps = elements_of(trace, "steps");
  REQUIRE(steps.size() == 2);
  CHECK(text_of(steps[0], "state") == "Completed");
  CHECK(text_of(steps[0], "event") == "shop/shipped");
  CHECK(text_of(*steps[0].find("resolved_by"), "name") == "shop/shipped");
  CHECK(text_of(steps[1], "run") == ulid(6).to_string());
  CHECK(text_of(steps[1], "function") == "ship");
  CHECK(elements_of(steps[1], "attempts").at(0).find("number")->as_int64() == 2);
  CHECK(elements_of(trace, "attempts").at(0).find("number")->as_int64() == 1);
}

TEST_CASE("an open run says why it is not moving") {
  Shop shop;
  using core::WakeSource;
  SUBCASE("its records tell") {
    StepRecord wait = step(7, 2, "paid?", StepKind::kWaitForEvent, StepState::kPending);
    wait.target = "shop/paid";
    wait.expression = "async.data.n == 1";
    wait.due = kNoon + std::chrono::hours(1);
    StepRecord sleep = step(8, 2, "nap", StepKind::kSleep, StepState::kPending);
    sleep.due = kNoon + std::chrono::hours(2);
    StepRecord cancel = step(9, 2, "cancelOn:0", StepKind::kCancelOn, StepState::kPending);
    cancel.due = kNoon + std::chrono::minutes(1);
    shop.steps = {sleep, wait, cancel};
    CHECK(why_of(shop) ==
          "wait: Step \"paid?\" waits for an event \"shop/paid\" where async.data.n == 1, until "
          "2024-11-23T13:00:00Z. One more step is open.");
  }
  SUBCASE("an invocation has no run before its batch is full") {
    StepRecord invoke = step(7, 2, "ship", StepKind::kInvoke, StepState::kPending);
    invoke.target = "shop-ship";
    invoke.due = kNoon + std::chrono::hours(1);
    shop.steps = {invoke};
    const std::string waits = "child: Step \"ship\" waits for a run of function \"shop-ship\"";
    const std::string until = ", until 2024-11-23T13:00:00Z.";
    CHECK(why_of(shop, WakeSource{WakeSource::Kind::kChild, "", std::nullopt}) ==
          waits + ", whose event is debounced or batched" + until);
    shop.steps[0].invoked_run = 1;
    CHECK(why_of(shop) == waits + until);
  }
  SUBCASE("a step is retried") {
    StepRecord retried = step(7, 2, "charge", StepKind::kRun, StepState::kPending);
    retried.attempts = 3;
    retried.due = kNoon + std::chrono::minutes(1);
    shop.steps = {retried};
    CHECK(why_of(shop, WakeSource{WakeSource::Kind::kTimer, "", std::nullopt}) ==
          "timer: Step \"charge\" failed 3 times and is tried again at 2024-11-23T12:01:00Z.");
  }
  SUBCASE("the function is retried") {
    shop.runs[0].attempt = 1;
    shop.runs[0].retry_at = kNoon + std::chrono::seconds(20);
    CHECK(why_of(shop) ==
          "timer: Its function failed once and is called again at 2024-11-23T12:00:20Z.");
  }
  SUBCASE("its function is paused, or nowhere: the core knows which") {
    CHECK(why_of(shop, WakeSource{WakeSource::Kind::kFunction,
                                  "function \"bill\" is paused since noon; its runs go on when it "
                                  "is resumed",
                                  std::nullopt}) ==
          "function: Function \"bill\" is paused since noon; its runs go on when it is resumed.");
  }
  SUBCASE("it is queued: the core knows before what") {
    CHECK(why_of(shop, WakeSource{WakeSource::Kind::kQueued,
                                  "waits for a slot: 1 of 1 are in use; place 2 of 3",
                                  {}}) ==
          "queued: It waits for a slot: 1 of 1 are in use; place 2 of 3.");
  }
  SUBCASE("it is moving") {
    CHECK(why_of(shop, WakeSource{WakeSource::Kind::kCall, "attempt 1 is under way", {}}) ==
          "call: It is moving: attempt 1 is under way.");
  }
  SUBCASE("it has ended") {
    shop.runs[0].status = RunStatus::kFailed;
    CHECK(why_of(shop) == "it has ended");
  }
}

TEST_CASE("a wait whose signal a later one has taken over says so") {
  Shop shop;
  StepRecord wait = step(7, 2, "go?", StepKind::kWaitForSignal, StepState::kPending);
  wait.target = "go";
  wait.due = kNoon + std::chrono::hours(1);
  shop.steps = {wait};
  CHECK(why_of(shop) ==
        "wait: Step \"go?\" waits for the signal \"go\", until 2024-11-23T13:00:00Z.");
  shop.steps[0].attempts = core::kReplacedWaiter;
  CHECK(why_of(shop) ==
        "wait: Step \"go?\" waited for the signal \"go\"; a later wait took it over, and this one "
        "ends with null at 2024-11-23T13:00:00Z.");
}

TEST_CASE("a run that is not there, and an id that is none") {
  Shop shop;
  CHECK(show_run({.id = ulid(99).to_string()}, shop).error().code == ErrorCode::kNotFound);
  CHECK(show_run({.id = "order-1"}, shop).error().code == ErrorCode::kInvalid);
  CHECK(show_event({.id = "order-9"}, shop).error().message == "there is no event \"order-9\"");
}

TEST_CASE("events are listed with their runs, internal ones only when asked for") {
  Shop shop;
  shop.events.push_back(event(7, "inngest/function.finished"));
  const auto count = [&](NamedValues query) {
    const Result<std::string> page = list_events({.query = std::move(query)}, shop);
    REQUIRE_MESSAGE(page.ok(), page.error().message);
    return elements_of(*parse_json(*page), "data").size();
  };
  CHECK(count({}) == 3);
  CHECK(count({{"internal", "true"}}) == 4);
  CHECK(count({{"name", "inngest/function.finished"}}) == 1);
  CHECK(count({{"name", "shop/paid"}}) == 2);

  const std::string text = list_events({.query = {{"limit", "1"}}}, shop).value();
  const JsonView newest = elements_of(*parse_json(text), "data").at(0);
  CHECK(text_of(*newest.find("event"), "name") == "shop/shipped");
  CHECK(text_of(elements_of(newest, "runs").at(0), "function") == "ship");
}

TEST_CASE("an event shows its copies and the waits that it ended") {
  Shop shop;
  shop.history.copies = {{1, "shop/paid"}, {3, "shop/paid"}, {5, "shop/shipped"}};
  StepRecord resumed = step(7, 6, "paid?", StepKind::kWaitForEvent, StepState::kCompleted);
  resumed.resolved_event = 1;
  shop.steps = {resumed};
  const std::string text = show_event({.id = "order-1"}, shop).value();
  const JsonView data = *parse_json(text)->find("data");
  CHECK(text_of(elements_of(data, "runs").at(0), "id") == ulid(2).to_string());
  REQUIRE(elements_of(data, "copies").size() == 1);
  CHECK(text_of(elements_of(data, "copies")[0], "internal_id") == ulid(3).to_string());
  CHECK(text_of(elements_of(data, "resumed").at(0), "function") == "ship");
}

TEST_CASE("an event that did more than is shown says so") {
  Shop shop;
  for (RunNo no = 100; no < 119; ++no) shop.runs.push_back(run(no, "bill", 1));
  const auto shown = [&] { return show_event({.id = "order-1"}, shop).value(); };
  CHECK(elements_of(*parse_json(shown())->find("data"), "runs").size() == 20);
  CHECK(shown().find("more") == std::string::npos);
  shop.runs.push_back(run(119, "bill", 1));
  const std::string text = shown();
  const JsonView data = *parse_json(text)->find("data");
  CHECK(elements_of(data, "runs").size() == 20);
  CHECK(data.find("runs_more")->as_bool() == true);
  CHECK(!data.find("resumed_more"));
}

TEST_CASE("an event shows the runs that it cancelled, apart from the waits that it ended") {
  Shop shop;
  StepRecord cancellation = step(7, 6, "cancelOn:0", StepKind::kCancelOn, StepState::kDropped);
  cancellation.resolved_event = 3;
  shop.steps = {cancellation};
  const std::string text = show_event({.id = ulid(3).to_string()}, shop).value();
  const JsonView data = *parse_json(text)->find("data");
  CHECK(text_of(elements_of(data, "cancelled").at(0), "function") == "ship");
  CHECK(elements_of(data, "resumed").empty());
}

TEST_CASE("functions are listed by id; those that are gone only when asked for") {
  Shop shop;
  shop.stored_functions[0].archived = true;
  const std::string some = list_functions({}, shop).value();
  CHECK(elements_of(*parse_json(some), "data").size() == 1);
  const std::string all = list_functions({.query = {{"archived", "true"}}}, shop).value();
  const std::vector<JsonView> functions = elements_of(*parse_json(all), "data");
  REQUIRE(functions.size() == 2);
  CHECK(text_of(*functions[0].find("config"), "id") == "bill");
  CHECK(functions[1].find("archived")->as_bool() == true);
}

TEST_CASE("a function is shown with what is under way, and its limits in use") {
  Shop shop;
  core::FunctionView view{.is_available = true, .queued = 3, .running = 2, .attempts = 1};
  view.limits = {{.limit = "concurrency[0]", .key = "ada", .used = 1, .of = 1, .waiting = 3},
                 {.limit = "debounce", .used = 2, .due = kNoon}};
  const std::string text =
      show_function({.id = "bill", .now = kNoon, .function = view}, shop).value();
  const JsonView data = *parse_json(text)->find("data");
  CHECK(data.find("runs")->text() == R"({"queued":3,"running":2,"attempts":1})");
  CHECK(data.find("limits")->text() ==
        R"([{"limit":"concurrency[0]","key":"ada","used":1,"of":1,"waiting":3,"due":null},)"
        R"({"limit":"debounce","key":"","used":2,"of":0,"waiting":0,)"
        R"("due":"2024-11-23T12:00:00Z"}])");
  CHECK(data.find("is_available")->as_bool() == true);
  CHECK(elements_of(data, "next").empty());
  CHECK(show_function({.id = "none"}, shop).error().code == ErrorCode::kNotFound);
}

TEST_CASE("the next five runs of all schedules of a function: one for each instant") {
  Shop shop;
  std::vector<Trigger>& triggers = shop.stored_functions[0].config.triggers;
  const auto next = [&](Time now) {
    std::vector<std::string> all;
    const std::string text = show_function({.id = "ship", .now = now}, shop).value();
    for (const JsonView& each : elements_of(*parse_json(text)->find("data"), "next")) {
      all.push_back(text_of(each, "at").substr(11, 8) + " " + text_of(each, "cron"));
    }
    return all;
  };
  SUBCASE("both are due at each full hour") {
    triggers = {{.cron = "*/30 * * * *"}, {.cron = "0 * * * *"}};
    CHECK(next(kNoon) == std::vector<std::string>{"12:30:00 */30 * * * *", "13:00:00 */30 * * * *",
                                                  "13:30:00 */30 * * * *", "14:00:00 */30 * * * *",
                                                  "14:30:00 */30 * * * *"});
  }
  SUBCASE("with a jitter the later one finds its instant run, also if that is over") {
    triggers = {{.cron = "0 * * * *", .jitter = std::chrono::minutes(5)}, {.cron = "* * * * *"}};
    for (const int seconds : {-30, 0}) {
      for (const std::string& each : next(kNoon + std::chrono::seconds(seconds))) {
        CHECK_MESSAGE(each.substr(6) == "00 * * * * *", each);
      }
    }
  }
  SUBCASE("a jitter shifts what it is of") {
    triggers = {{.cron = "0 * * * *", .jitter = std::chrono::minutes(5)}};
    const std::vector<std::string> all = next(kNoon + std::chrono::minutes(10));
    REQUIRE(all.size() == 5);
    CHECK_MESSAGE((all[0] > "13:00:00" && all[0] < "13:05:01"), all[0]);
    CHECK(all[1].substr(2) == all[0].substr(2));
  }
}

TEST_CASE("doctor reports what the journal and the core find") {
  Shop shop;
  shop.findings = {"page 7 is torn"};
  const auto status = [&](std::string_view check, NamedValues query) {
    const std::string text =
        run_doctor({.query = std::move(query),
                    .health = CoreHealth{.findings = {{RunId{ulid(2)}, "nothing will wake it"}}}},
                   shop)
            .value();
    for (const JsonView& item : elements_of(*parse_json(text)->find("data"), "checks")) {
      if (text_of(item, "name") == check) return text_of(item, "status");
    }
    return std::string("no such check");
  };
  CHECK(status("journal", {}) == "ok");
  CHECK(status("journal", {{"deep", "true"}}) == "error");
  CHECK(status("engine", {}) == "error");
  CHECK(status("look-back", {}) == "ok");
}

TEST_CASE("doctor reports damage and a full disk as findings, and still makes its other checks") {
  Shop shop;
  shop.damage = Error{ErrorCode::kCorrupt, "database disk image is malformed"};
  const std::string text =
      run_doctor({.health = CoreHealth{}, .server = "{}", .is_out_of_space = true}, shop).value();
  const std::vector<JsonView> checks = elements_of(*parse_json(text)->find("data"), "checks");
  std::string summary;
  for (const JsonView& check : checks) {
    summary += text_of(check, "name") + " " + text_of(check, "status") + ";";
  }
  CHECK(summary.starts_with("journal error;disk error;engine ok;look-back ok;sqlite "));
  const std::vector<JsonView> findings = elements_of(checks.at(0), "findings");
  CHECK(findings.front().as_string() == "database disk image is malformed");
  CHECK(findings.back().as_string()->find("backup") != std::string::npos);
  CHECK(elements_of(checks.at(1), "findings").at(0).as_string()->find("disk is full") !=
        std::string::npos);

  shop.damage = Error{ErrorCode::kUnavailable, "busy"};
  CHECK(run_doctor({}, shop).error().code == ErrorCode::kUnavailable);
}

TEST_CASE("which releases of SQLite have the WAL-reset bug") {
  CHECK(storage::sqlite_has_wal_reset_bug(3'040'001));
  CHECK(storage::sqlite_has_wal_reset_bug(3'007'000));
  CHECK(storage::sqlite_has_wal_reset_bug(3'044'005));
  CHECK(storage::sqlite_has_wal_reset_bug(3'050'006));
  CHECK(storage::sqlite_has_wal_reset_bug(3'051'002));
  CHECK(!storage::sqlite_has_wal_reset_bug(3'006'023));
  CHECK(!storage::sqlite_has_wal_reset_bug(3'044'006));
  CHECK(!storage::sqlite_has_wal_reset_bug(3'050'007));
  CHECK(!storage::sqlite_has_wal_reset_bug(3'051'003));
  CHECK(!storage::sqlite_has_wal_reset_bug(3'053'000));
}

}  // namespace stepwell::server
