#include "schema/run.h"

#include <algorithm>
#include <array>
#include <utility>

namespace stepwell {
namespace {

constexpr std::array<std::pair<RunStatus, std::string_view>, 6> kNames{{
    {RunStatus::kScheduled, "Scheduled"},
    {RunStatus::kRunning, "Running"},
    {RunStatus::kCompleted, "Completed"},
    {RunStatus::kFailed, "Failed"},
    {RunStatus::kCancelled, "Cancelled"},
    {RunStatus::kSkipped, "Skipped"},
}};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_in_any_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

EndEvents end_events_behind(const std::vector<Event>& triggers) {
  const auto has = [&](std::string_view name) {
    return std::any_of(triggers.begin(), triggers.end(),
                       [name](const Event& event) { return event.name == name; });
  };
  if (has(kFunctionFinished) || has(kFunctionFailed)) return EndEvents::kNone;
  return has(kFunctionCancelled) ? EndEvents::kNotCancelled : EndEvents::kAll;
}

bool is_terminal(RunStatus status) {
  return status != RunStatus::kScheduled && status != RunStatus::kRunning;
}

std::string_view run_status_name(RunStatus status) {
  for (const auto& [value, name] : kNames) {
    if (value == status) return name;
  }
  return "Unknown";
}

std::optional<RunStatus> parse_run_status(std::string_view name) {
  for (const auto& [value, text] : kNames) {
    if (equal_in_any_case(text, name)) return value;
  }
  return std::nullopt;
}

}  // namespace stepwell
