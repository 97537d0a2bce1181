// What C++ code may send and publish: what the HTTP API takes from its clients, and no more.
#pragma once

#include <string_view>

#include "schema/event.h"
#include "schema/result.h"
#include "stepwell/awaited_step.h"

namespace stepwell::native {

// What is wrong with an event to send: its name is empty or the engine's own, its data or its user
// is no JSON object, it is too large, or its time lies outside of all reason.
Result<void> check_event(const NewEvent& event);
// The event that it becomes.
Event event_of(const NewEvent& event);

// What is wrong with a message to publish: nobody can hear it, or it is too large.
Result<void> check_message(std::string_view channel, std::string_view topic, std::string_view data);

// What is wrong with a step that sends or publishes.
Result<void> check_request(const detail::StepRequest& request);

}  // namespace stepwell::native
