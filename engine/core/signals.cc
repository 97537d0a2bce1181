// A signal resolves the one step that waits for it; one that nobody waits for is not kept.
#include <fmt/core.h>

#include "engine/core/state.h"
#include "schema/json.h"
#include "schema/mutant.h"

namespace stepwell::core {

void State::send_signal(SendSignal input) {
  auto holder = mutant("signal-to-another") ? signals_.begin() : signals_.find(input.signal);
  if (holder == signals_.end()) {
    return refuse(input.request, ErrorCode::kNotFound,
                  fmt::format("nobody waits for signal \"{}\"", input.signal));
  }
  Run& run = runs_.at(holder->second.run);
  JsonWriter memo;
  memo.begin_object().key("signal").string(input.signal).key("data").raw(input.data).end_object();
  Answer reply{.request = input.request, .run = run.id};
  if (!mutant("signal-taken-by-nobody")) {
    wake(run, pending_index(run, holder->second.step), {.data = memo.take()});
  }
  answer(std::move(reply));
}

}  // namespace stepwell::core
