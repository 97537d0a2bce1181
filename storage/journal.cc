#include "storage/journal.h"

#include <algorithm>
#include <tuple>

namespace stepwell::storage {

std::string_view commit_outcome_name(CommitOutcome outcome) {
  switch (outcome) {
    case CommitOutcome::kCommitted:
      return "committed";
    case CommitOutcome::kFenced:
      return "fenced";
    case CommitOutcome::kPreconditionFailed:
      return "precondition failed";
    case CommitOutcome::kNoSpace:
      return "no space";
    case CommitOutcome::kUnknown:
      return "unknown";
  }
  return "invalid";
}

void sort_started(EventHistory& history) {
  auto& started = history.started;
  std::sort(started.begin(), started.end(), [](const auto& a, const auto& b) {
    return std::tie(a.run, a.event) < std::tie(b.run, b.event);
  });
  started.erase(std::unique(started.begin(), started.end()), started.end());
}

}  // namespace stepwell::storage
