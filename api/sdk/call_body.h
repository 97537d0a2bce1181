// What an app is sent when one of its functions is called.
#pragma once

#include <string>

#include "engine/core/call.h"
#include "storage/journal.h"

namespace stepwell::sdk {

// A body over this leaves out events and steps: the SDK asks for them (use_api).
inline constexpr size_t kCallBytesMax = 4u << 20;

// The name under which a call is known to the app; it comes back with checkpoints.
std::string call_name(const core::CallId& id);
std::optional<core::CallId> parse_call_name(std::string_view name);

// The body of a call, as JSON. Apps of Go's SDK, which cannot ask for a large state, get all of it.
std::string call_body(const core::Call& call);

// The same parts for those who were told to ask: the array of events, the object of steps.
std::string events_json(const std::vector<Event>& events);
struct StepInput {
  StepKey key;
  std::string input;  // a JSON array: other arguments for the step's body
};
std::string steps_json(const std::vector<core::MemoEntry>& memo,
                       const std::vector<StepInput>& inputs);

// The memo as the core would send it, from what the journal holds of the run.
std::vector<core::MemoEntry> memo_of(const storage::RunSnapshot& run);
std::vector<StepInput> inputs_of(const storage::RunSnapshot& run);

}  // namespace stepwell::sdk
