#include "schema/run.h"

#include <doctest/doctest.h>

using namespace stepwell;

TEST_CASE("a status has a name that is read back, in any case") {
  for (int number = 1; number <= 6; ++number) {
    auto status = static_cast<RunStatus>(number);
    CHECK(parse_run_status(run_status_name(status)) == status);
  }
  CHECK(run_status_name(RunStatus::kScheduled) == "Scheduled");
  CHECK(parse_run_status("RUNNING") == RunStatus::kRunning);
  CHECK(parse_run_status("cancelled") == RunStatus::kCancelled);
  CHECK_FALSE(parse_run_status("").has_value());
  CHECK_FALSE(parse_run_status("Runnin").has_value());
  CHECK_FALSE(parse_run_status("Running ").has_value());
  CHECK(run_status_name(static_cast<RunStatus>(77)) == "Unknown");
}

TEST_CASE("a run is over unless it is scheduled or running") {
  CHECK_FALSE(is_terminal(RunStatus::kScheduled));
  CHECK_FALSE(is_terminal(RunStatus::kRunning));
  CHECK(is_terminal(RunStatus::kCompleted));
  CHECK(is_terminal(RunStatus::kFailed));
  CHECK(is_terminal(RunStatus::kCancelled));
  CHECK(is_terminal(RunStatus::kSkipped));
}

TEST_CASE("what the end of a run makes is less behind the end of another") {
  const auto behind = [](std::vector<std::string_view> names) {
    std::vector<Event> triggers;
    for (std::string_view name : names) triggers.push_back({.name = std::string(name)});
    return end_events_behind(triggers);
  };
  CHECK(behind({"go", kFunctionInvoked}) == EndEvents::kAll);
  CHECK(behind({kFunctionFinished}) == EndEvents::kNone);
  CHECK(behind({kFunctionFailed}) == EndEvents::kNone);
  CHECK(behind({kFunctionCancelled}) == EndEvents::kNotCancelled);
  CHECK(behind({"go", kFunctionCancelled, kFunctionFinished}) == EndEvents::kNone);
}
