// Assertions that stay on in production: a broken invariant stops the process before it can write
// something wrong. For bugs only, never for bad input.
#pragma once

namespace stepwell {

// Prints the condition, the message and the place to stderr, then aborts.
[[noreturn]] void check_failed(const char* condition, const char* message, const char* file,
                               int line);

}  // namespace stepwell

#define STEPWELL_CHECK_MESSAGE(condition, message) \
  (static_cast<bool>(condition)                    \
       ? void(0)                                   \
       : ::stepwell::check_failed(#condition, message, __FILE__, __LINE__))

// CHECK(condition) or CHECK(condition, "why it must hold").
#define STEPWELL_CHECK_PICK(_1, _2, name, ...) name
#define STEPWELL_CHECK_ONE(condition) STEPWELL_CHECK_MESSAGE(condition, "")
#define CHECK_INVARIANT(...) \
  STEPWELL_CHECK_PICK(__VA_ARGS__, STEPWELL_CHECK_MESSAGE, STEPWELL_CHECK_ONE, )(__VA_ARGS__)
