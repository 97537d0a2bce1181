// What Engine and TestEngine have in common: how requests are checked, and how refusals are thrown.
#pragma once

#include "engine/core/input.h"
#include "schema/result.h"
#include "stepwell/engine.h"

namespace stepwell::detail {

// Throws the error as an EngineError.
[[noreturn]] void raise(const Error& error);

// The event as the core takes it. EngineError when its name or its data can be no event's.
core::AcceptEvents::Item item_of(const NewEvent& event);

}  // namespace stepwell::detail
