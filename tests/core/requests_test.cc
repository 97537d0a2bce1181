// What is kept of the requests of kFetch and kInfer steps, in which there may be keys: all that is
// needed to make them, and nothing once that is over.
#include "tests/core/journal_harness.h"

namespace stepwell::core::testing {

using namespace std::chrono_literals;

namespace {

constexpr char kRequest[] = R"({"auth_key":"sk-secret"})";

// A function whose run has asked for a request, at the point where that is made.
struct Asked : JournalHarness {
  explicit Asked(Settings settings = {}) : JournalHarness(settings) {
    FunctionConfig config = function("f", "go");
    config.retries = 1;
    add_function(config);
    send("go");
    reply(take_call(), {op("ai", CallOut{StepKind::kInfer, kRequest})});
    call = take_call();
    REQUIRE(call.request == kRequest);
  }

  // All that the journal has of the run.
  std::string stored() {
    const storage::RunSnapshot snapshot = reader().load_run(runs().at(0).no, true).value();
    std::string text = snapshot.run.output;
    for (const StepRecord& step : snapshot.steps) text += step.expression + step.data + step.target;
    return text;
  }
  bool keeps_request() { return stored().find("sk-secret") != std::string::npos; }

  void fail_request(bool is_final) {
    reply(call, {op("ai", StepThrew{.error = {.message = "no"}, .retriable = !is_final})});
  }

  Call call;
};

}  // namespace

TEST_CASE("a request is kept until its step has ended, and no longer") {
  Asked run;
  CHECK(run.keeps_request());
  SUBCASE("it succeeded") {
    run.reply(run.call, {run.op("ai", StepReturned{.data = R"({"answer":1})"})});
    CHECK(run.stored() == R"({"answer":1})");
  }
  SUBCASE("it failed") {
    run.fail_request(true);
  }
  SUBCASE("its run was cancelled") {
    run.cancel(run.call.run->id);
  }
  SUBCASE("its run failed") {
    run.fail_request(false);
    CHECK(run.keeps_request());
    run.advance(1min);
    run.call = run.take_call();
    run.throws(run.call, {.error = {.message = "gone"}, .retriable = false});
  }
  CHECK_FALSE(run.keeps_request());
}

TEST_CASE("a request that failed is made again as it was, also after a crash") {
  Settings settings;
  bool crashes = false;
  SUBCASE("from memory") {}
  SUBCASE("from the journal") {
    settings.always_evict = true;
  }
  SUBCASE("of another process") {
    crashes = true;
  }
  Asked run(settings);
  run.fail_request(false);
  if (crashes) run.crash();
  run.advance(1min);
  run.call = run.take_call();
  CHECK(run.call.attempt == 1);
  CHECK(run.call.request == kRequest);
  run.reply(run.call, {run.op("ai", StepReturned{.data = "1"})});
  CHECK(run.stored() == "1");
}

}  // namespace stepwell::core::testing
