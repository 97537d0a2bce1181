#include <doctest/doctest.h>

#include <utility>

#include "api/cli/render_function.h"
#include "api/cli/render_lists.h"
#include "api/cli/table.h"
#include "api/cli/text.h"
#include "tests/cli/evil.h"

namespace stepwell::cli {
namespace {

const Time kNow = parse_rfc3339("2026-11-23T12:01:00Z").value();

}  // namespace

TEST_CASE("runs in a table") {
  const std::string answer = R"({"data":[
    {"id":"R2","function":"bill","status":"Running","created_at":"2026-11-23T12:00:00Z",
     "started_at":"2026-11-23T12:00:30Z","event":{"id":"E2","name":"shop/paid"}},
    {"id":"R1","function":"ship","status":"Failed","created_at":"2026-11-23T11:00:00Z",
     "started_at":"2026-11-23T11:00:00Z","ended_at":"2026-11-23T11:00:01Z",
     "error":{"name":"Error","message":"no truck"},"event":{"id":"E1","name":"shop/sent"}}],
    "cursor":"17"})";
  CHECK(render_runs(JsonView::trusted(answer), {.width = 100, .now = kNow}) ==
        "RUN  FUNCTION  STATUS   CREATED    TOOK  TRIGGER\n"
        "R2   bill      Running  1m ago      30s  shop/paid\n"
        "R1   ship      Failed   1h 1m ago    1s  shop/sent  Error: no truck\n"
        "There is more: --cursor 17\n");
}

TEST_CASE("an open run says whether it waits, sleeps or is retried") {
  for (const auto& [waiting_for, state] : {std::pair{"event", "Waiting"},
                                           {"signal", "Waiting"},
                                           {"function", "Waiting"},
                                           {"sleep", "Sleeping"},
                                           {"retry", "Retrying"},
                                           {"", "Running"}}) {
    const std::string answer = R"({"data":[{"id":"R","function":"f","status":"Running",
      "waiting_for":")" + std::string(waiting_for) +
                               R"("}]})";
    CHECK(render_runs(JsonView::trusted(answer), {}).find(state) != std::string::npos);
  }
}

TEST_CASE("an event shows the runs that it cancelled") {
  const std::string event = R"({"event":{"internal_id":"E","id":"E","name":"stop","data":{}},
    "runs":[],"resumed":[],"cancelled":[{"id":"R","function":"ship","status":"Cancelled"}],
    "copies":[]})";
  const std::string page = render_event(JsonView::trusted(R"({"data":)" + event + "}"), {});
  CHECK(page.find("Runs that it cancelled\n") != std::string::npos);
  CHECK(page.find("It triggered no run") == std::string::npos);
  CHECK(render_events(JsonView::trusted(R"({"data":[)" + event + "]}"), {}).find("⊘ ship") !=
        std::string::npos);
}

TEST_CASE("an event that did more than is shown says how to see the rest") {
  const std::string event = R"({"event":{"internal_id":"E","id":"E","name":"go","data":{}},
    "runs":[{"id":"R","function":"ship","status":"Completed"}],"runs_more":true,
    "resumed":[{"id":"S","function":"ship","status":"Completed"}],"cancelled":[],"copies":[]})";
  const std::string page = render_event(JsonView::trusted(R"({"data":)" + event + "}"), {});
  CHECK(page.find("There are more: stepwell runs list --event E\n") != std::string::npos);
  CHECK(page.find("There are more") == page.rfind("There are more"));
}

TEST_CASE("doctor's page says what was looked at, what was found, and what its counts count") {
  const std::string answer = R"({"data":{"checks":[
    {"name":"journal","about":"every page","status":"error","findings":["page 7 is torn"]},
    {"name":"sqlite","about":"this release of it","status":"note","findings":["mind"]}],
    "counts":{"runs":3,"hot_bytes":2048}}})";
  CHECK(render_doctor(JsonView::trusted(answer), {}) ==
        "error    journal (every page)\n"
        "         page 7 is torn\n"
        "note     sqlite (this release of it)\n"
        "         mind\n"
        "\n"
        "runs            3\n"
        "hot_bytes       2.0 KiB     what open runs hold in memory\n");
}

TEST_CASE("empty lists say so") {
  const JsonView none = JsonView::trusted(R"({"data":[],"cursor":null})");
  CHECK(render_runs(none, {}) == "No runs.\n");
  CHECK(render_events(none, {}) == "No events.\n");
  CHECK(render_functions(none, {}) == "No functions: none was ever registered here.\n");
}

TEST_CASE("functions with their triggers") {
  const std::string answer = R"({"data":[{"archived":false,"config":{"id":"bill","app":"shop",
    "driver":"native","retries":4,"triggers":[{"event":"a","if":"event.data.x"},{"event":"b"}]}},
    {"archived":true,"config":{"id":"old","app":"shop","driver":"http","retries":0,
    "triggers":[]}}]})";
  CHECK(render_functions(JsonView::trusted(answer), {}) ==
        "FUNCTION  APP   DRIVER  RETRIES  TRIGGERS\n"
        "bill      shop  native        4  a if event.data.x, b\n"
        "old       shop  http          0  archived; only invoked\n");
}

TEST_CASE("a function with all that is known of it") {
  const std::string answer = R"({"data":{"archived":false,"paused_at":"2026-11-23T12:00:00Z",
    "is_available":true,"runs":{"queued":3,"running":2,"attempts":1},
    "limits":[{"limit":"concurrency[0]","key":"k1","used":1,"of":2,"waiting":3},
              {"limit":"throttle","key":"","used":0,"of":5,"waiting":1,"due":null},
              {"limit":"debounce","key":"k2","used":7,"of":0,"waiting":0,
               "due":"2026-11-23T12:02:00Z"}],
    "config":{"id":"bill","name":"bill","app":"shop","driver":"native","retries":4,"cancelOn":[],
      "triggers":[{"event":"a","if":"event.data.x"},{"cron":"0 9 * * *","jitterMs":30000}]},
    "next":[{"at":"2026-11-24T09:00:00Z","cron":"0 9 * * *"}]}})";
  const Screen screen{.width = 100, .now = kNow};
  CHECK(render_function(JsonView::trusted(answer), screen) ==
        "bill\n"
        "\n"
        "  app        shop\n"
        "  state      paused since 2026-11-23 12:00:00 UTC (1m ago)\n"
        "  triggers   a if event.data.x\n"
        "             0 9 * * *, up to 30s later\n"
        "  settings   driver \"native\"\n"
        "             retries 4\n"
        "  open runs  3 queued, 2 running, 1 attempts under way\n"
        "  next       2026-11-24 09:00:00 UTC (in 20h 59m)  0 9 * * *\n"
        "\n"
        "Limits in use\n"
        "LIMIT           KEY  USED  OF  WAITING  STARTS\n"
        "concurrency[0]  k1      1   2        3\n"
        "throttle                -   5        1\n"
        "debounce        k2      7   -        0  2026-11-23 12:02:00 UTC (in 1m)\n");
}

TEST_CASE("a narrow screen cuts what is flexible, and no id") {
  Table table({{"ID"}, {"NAME", false, true}, {"TEXT", false, true}});
  table.add({{"01JDEXAMPLE"}, {std::string(40, 'n')}, {std::string(80, 't')}});
  const std::string text = table.render({.width = 60});
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    CHECK(display_width(text.substr(at, end - at)) <= 60);
    at = end + 1;
  }
  CHECK(text.find("01JDEXAMPLE") != std::string::npos);
  CHECK(text.find("…") != std::string::npos);
}

TEST_CASE("columns line up under wide characters") {
  Table table({{"A"}, {"B"}});
  table.add({{"漢字"}, {"x"}});
  table.add({{"abc"}, {"y"}});
  CHECK(table.render({}) == "A     B\n漢字  x\nabc   y\n");
}

TEST_CASE("colours are there only when the screen has some") {
  Table table({{"A"}});
  table.add({{"red", Colour::kRed}});
  CHECK(table.render({}).find('\x1b') == std::string::npos);
  CHECK(table.render({.has_colours = true}).find("\x1b[31mred\x1b[0m") != std::string::npos);
}

TEST_CASE("nothing evil in a list reaches the terminal") {
  for (const std::string& evil : evil_texts()) {
    const std::string text = json_quote(evil);
    const std::string run = R"({"id":)" + text + R"(,"function":)" + text + R"(,"status":)" + text +
                            R"(,"event":{"name":)" + text + R"(},"error":{"name":)" + text +
                            R"(,"message":)" + text + "}}";
    const std::string event = R"({"id":)" + text + R"(,"internal_id":)" + text + R"(,"name":)" +
                              text + R"(,"data":{)" + text + ":" + text + R"(},"user":{"u":)" +
                              text + "}}";
    const std::string runs = R"({"data":[)" + run + R"(],"cursor":)" + text + "}";
    const std::string events = R"({"data":[{"event":)" + event + R"(,"runs":[)" + run + "]}]}";
    const std::string one = R"({"data":{"event":)" + event + R"(,"runs":[)" + run +
                            R"(],"copies":[{"internal_id":)" + text + R"(,"runs":[)" + run +
                            R"(]}],"resumed":[)" + run + "]}}";
    const std::string functions = R"({"data":[{"config":{"id":)" + text + R"(,"app":)" + text +
                                  R"(,"driver":)" + text + R"(,"triggers":[{"event":)" + text +
                                  R"(,"if":)" + text + "}]}}]}";
    const std::string doctor = R"({"data":{"checks":[{"name":)" + text + R"(,"status":)" + text +
                               R"(,"findings":[)" + text + R"(]}],"counts":{)" + text + ":1}}}";
    const std::string function = R"({"data":{"paused_at":)" + text + R"(,"limits":[{"limit":)" +
                                 text + R"(,"key":)" + text + R"(,"due":)" + text +
                                 R"(}],"next":[{"at":)" + text + R"(,"cron":)" + text +
                                 R"(}],"config":{"id":)" + text + R"(,"name":"n","app":)" + text +
                                 R"(,"triggers":[{"event":)" + text + R"(,"if":)" + text +
                                 R"(}],)" + text + ":" + text + "}}}";
    const Screen screen{.width = 100, .now = kNow};
    for (std::string page : {render_function(JsonView::trusted(function), screen),
                             render_runs(JsonView::trusted(runs), screen),
                             render_events(JsonView::trusted(events), screen),
                             render_event(JsonView::trusted(one), screen),
                             render_functions(JsonView::trusted(functions), screen),
                             render_doctor(JsonView::trusted(doctor), screen)}) {
      std::erase(page, '\n');
      CHECK(is_harmless(page));
    }
  }
}

}  // namespace stepwell::cli
