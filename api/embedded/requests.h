// What Engine and TestEngine have in common: how requests are checked, and how refusals are thrown.
#pragma once

#include "engine/core/input.h"
#include "schema/result.h"
#include "stepwell/engine.h"

namespace stepwell::detail {

// Throws the error as an EngineError.
[[noreturn]] void raise(const Error& error);

// The event as the core takes it. EngineError when it can be no event (native::check_event).
core::AcceptEvents::Item item_of(const NewEvent& event);

// EngineError, which names `what` it was to be, unless the text is JSON.
void check_json(std::string_view what, std::string_view text);

}  // namespace stepwell::detail
