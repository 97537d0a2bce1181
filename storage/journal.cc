#include "storage/journal.h"

#include <algorithm>

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
  std::sort(started.begin(), started.end(),
            [](const auto& a, const auto& b) { return a.run < b.run; });
  const auto same = std::unique(started.begin(), started.end(),
                                [](const auto& a, const auto& b) { return a.run == b.run; });
  started.erase(same, started.end());
}

}  // namespace stepwell::storage
