// How steps and attempts are put into words, for the trace and the tail.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "api/cli/trace.h"

namespace stepwell::cli {

inline constexpr size_t kKindWidth = 8;

// "run", "sleep", "wait", "signal", "invoke", "send"; others as they are.
std::string_view kind_word(std::string_view kind);

// One character for its state.
std::string_view step_mark(const TraceStep& step);
Colour step_colour(const TraceStep& step);

// What a wait waits for, and until when: harmless text without colours.
std::string wait_words(const TraceStep& step, const Screen& screen);

// What came of a step, or what it is still waiting for.
std::string step_outcome(const TraceStep& step, const Screen& screen);

// "CardError: declined".
std::string error_words(const TraceError& error);

// "attempt 1 failed after 12ms: CardError: declined; next in 15s".
std::string attempt_words(const TraceAttempt& attempt, const Screen& screen);

}  // namespace stepwell::cli
