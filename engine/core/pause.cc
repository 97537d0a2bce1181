// Paused functions: what triggers them is skipped, and their open runs stand still.
//
//   going on ──(paused)───► paused    attempts under way end and are recorded; timers, waits and
//                                     timeouts go on; nothing is called
//   paused   ──(resumed)──► going on  its runs are called with what has happened meanwhile
#include <fmt/core.h>

#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {

void State::pause_function(PauseFunction input) {
  Function* function = functions_.find(input.function.slug);
  if (function == nullptr) {
    return refuse(input.request, ErrorCode::kNotFound,
                  fmt::format("there is no function \"{}\"", input.function.slug));
  }
  const bool is_change = function->paused_at.has_value() != input.is_paused;
  if (is_change && input.is_paused) {
    function->paused_at = now_;
    write(storage::PutFlowState{
        .key = {.function = input.function.slug, .kind = storage::FlowKind::kPaused}, .at = now_});
  } else if (is_change) {
    function->paused_at.reset();
    write(storage::DropFlowState{.function = input.function.slug,
                                 .kind = storage::FlowKind::kPaused});
    std::vector<RunNo> held_back = std::move(function->held_back);
    function->held_back.clear();
    pump_all(held_back);
  }
  answer(Answer{.request = input.request, .is_modified = is_change});
}

std::optional<State::Started> State::stop_at_pause(NewRun& request) {
  if (!request.function->paused_at || mutant("pause-lets-start")) return std::nullopt;
  const std::string why =
      fmt::format("function \"{}\" is paused", request.function->config.id.slug);
  const std::vector<InvokedBy> invokers =
      request.source == NewRun::Source::kInvoke ? std::vector<InvokedBy>() : request.invokers;
  Started skipped = skip_run(std::move(request), why);
  fail_invokers(invokers, why);
  return skipped;
}

void State::recover_pause(storage::FlowState state) {
  Function* function = functions_.find(state.key.function);
  CHECK_INVARIANT(function != nullptr, "a function that is paused is stored");
  function->paused_at = state.at;
}

// A run that may not be called now, and that goes on with its function.
void State::hold_back(Run& run) {
  drop_slot(run);
  run.is_held_back = true;
  run.function->held_back.push_back(run.no);
  if (alone_ != run.no || !is_suspended(run)) return;  // what is under way is still tried
  // It was to be tried alone, and cannot: others need not wait for it.
  alone_ = 0;
  --run.deaths_alone;
  update_run(run);
}

}  // namespace stepwell::core
