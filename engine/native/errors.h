// User code's exceptions as the errors that travel.
#pragma once

#include <exception>

#include "engine/core/call.h"

namespace stepwell::native {

// What an exception means: its name and message, whether another attempt makes sense, and when.
core::Threw describe(const std::exception_ptr& exception);

// Whether it is a DecodeError, or derived from it.
bool is_decode_error(const std::exception_ptr& exception);

}  // namespace stepwell::native
