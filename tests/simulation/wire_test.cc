// What may go wrong on the wire does go wrong when it is asked for, is told from code that fails,
// and is over when the wire is well again.
#include "tests/simulation/wire.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tests/simulation/host.h"
#include "tests/simulation/scenario.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

// The errors of failed attempts of the function and its steps, after ten minutes of this wire.
std::set<std::string> errors_with(const WireOptions& wire, bool checkpoints) {
  AppFunction made = function("f", "go", {run("a"), parallel({{run("b")}, {run("c")}}), run("d")});
  made.config.driver = DriverKind::kHttp;
  made.config.url = "http://app.example/api/inngest";
  made.config.retries = 20;
  made.checkpoints = checkpoints;
  HostOptions options;
  options.wire = wire;
  options.faults_end = 10min;
  options.settings.retry_interval = 1min;
  Host host(7, std::move(options), {made});
  host.check({.knows_lookback = false});
  host.send_at(10ms, make_event("go", "go-1"));
  host.play();
  for (const Violation& violation : host.ledger().violations()) {
    FAIL_CHECK(violation.promise << ": " << violation.what);
  }
  const History& history = host.ledger().history();
  REQUIRE(history.runs.size() == 1);
  CHECK(history.runs.begin()->second.status == RunStatus::kCompleted);
  CHECK(history.runs.begin()->second.output == R"(["a=ok","b=ok","c=ok","d=ok"])");
  std::set<std::string> errors;
  for (const auto& [run, attempts] : history.attempts) {
    for (const auto& [pos, attempt] : attempts) errors.insert(attempt.error.name);
  }
  return errors;
}

TEST_CASE("each fault of the wire fails attempts, and no more") {
  const std::string reset = "connection_reset";
  const std::string invalid = "invalid_response";
  const std::map<std::string_view, std::set<std::string>> allowed = {
      {"reset-before", {reset}},
      {"cut-answer", {reset}},
      {"garbage", {reset, invalid}},
      {"wrong-length", {reset, invalid}},
      {"cut-json", {invalid}},
      {"wrong-ops", {invalid}},
      {"proxy", {"Server returned a fatal error"}},
      {"hangs", {"request_timeout"}},
      {"checkpoint-twice", {}},
      {"checkpoint-late", {}},
  };
  for (const WireSite& site : kWireSites) {
    CAPTURE(site.name);
    WireOptions wire;
    wire.rates.*site.rate = 1;
    CHECK(wire.is_lossy());
    const std::set<std::string> errors = errors_with(wire, true);
    const std::set<std::string>& of_site = allowed.at(site.name);
    CHECK(errors.empty() == of_site.empty());
    for (const std::string& error : errors) CHECK_MESSAGE(of_site.contains(error), error);
  }
}

TEST_CASE("a wire that is well fails nothing, however it is used") {
  CHECK_FALSE(WireOptions{}.is_lossy());
  for (int bits = 0; bits < 32; ++bits) {
    CAPTURE(bits);
    const WireOptions wire{.is_signed = (bits & 1) != 0,
                           .streams = (bits & 2) != 0,
                           .is_chunked = (bits & 4) != 0,
                           .lane_requests_max = (bits & 8) != 0 ? 1u : 512u};
    CHECK(errors_with(wire, (bits & 16) != 0).empty());
  }
}

}  // namespace
}  // namespace stepwell::sim
