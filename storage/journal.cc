#include "storage/journal.h"

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

}  // namespace stepwell::storage
