// Code that runs several steps in one call tells of each as it goes on, so that a crash repeats
// only what was not told.
//
//   kFunction call under way ──(progress)──► its steps are completed; the call stays under way
//   Progress of a call that is over, of an earlier owner or of another run changes nothing.
#include <fmt/core.h>

#include "engine/core/state.h"

namespace stepwell::core {

void State::record_progress(RecordProgress input) {
  Run* open = runs_.find(input.run);
  auto found = calls_.find(input.call.number);
  bool is_current = open != nullptr && found != calls_.end() && input.call.epoch == epoch_ &&
                    found->second.run == open->no && found->second.kind == CallKind::kFunction;
  if (!is_current) {
    return refuse(
        input.request, ErrorCode::kConflict,
        fmt::format("this call of run {} is not under way any more", input.run.to_string()));
  }
  Run& run = *open;
  CallUnderWay call = found->second;
  Memory& memory = *run.memory;
  bool has_seen_all = memory.seen_by_code == memory.memo.size();
  bool needed_discovery = run.needs_discovery;
  size_t known = memory.memo.size();
  Answer reply{.request = input.request, .run = run.id};
  if (!take_ops(run, call, std::move(input.ops))) return answer(std::move(reply));
  if (memory.memo.size() == known) return answer(std::move(reply));

  // The code has made these results itself: they are no news to it, and it has got as far as here.
  if (has_seen_all) {
    memory.seen_by_code = memory.memo.size();
    run.needs_discovery = needed_discovery;
  }
  CallUnderWay& current = calls_.at(input.call.number);
  current.look_base = call.code_pos;
  current.code_pos = memory.memo.back().resolved_pos;
  if (has_seen_all) run.code_pos = current.seen_pos = current.code_pos;
  memory.look_base = current.look_base;
  run.idle_calls = 0;
  if (run.attempt > 0) {
    run.attempt = 0;
    update_run(run);
  }
  if (run.is_suspect) clear_suspect(run);
  answer(std::move(reply));
}

}  // namespace stepwell::core
