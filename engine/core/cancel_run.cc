// A person or a program cancels a run by its id. An ended run cannot be cancelled; one that was
// cancelled already is no error.
#include <fmt/core.h>

#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {

void State::cancel_run(CancelRun input) {
  if (Run* run = runs_.find(input.id)) {
    return end_cancelled(*run, {.name = "Cancelled", .message = "cancelled by request"},
                         input.request);
  }
  if (!input.ended || mutant("ended-run-denied")) {
    return refuse(input.request, ErrorCode::kNotFound,
                  fmt::format("there is no run {}", input.id.to_string()));
  }
  if (input.ended->status == RunStatus::kCancelled) {
    return answer(Answer{.request = input.request, .run = input.id});
  }
  if (!is_terminal(input.ended->status)) {
    // It ended after its row was read; how, the next look-up tells. The run in the answer tells
    // this from a refusal by a journal that has no room.
    Error error{ErrorCode::kUnavailable,
                fmt::format("run {} is just ending: ask again", input.id.to_string())};
    return answer(Answer{.request = input.request, .error = std::move(error), .run = input.id});
  }
  refuse(input.request, ErrorCode::kConflict,
         fmt::format("cannot cancel an ended run: {} is {}", input.id.to_string(),
                     run_status_name(input.ended->status)));
}

}  // namespace stepwell::core
