// What functions throw, and what they may catch. Everything else that derives from std::exception
// may be thrown too: it is retried, under the name of its type.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include "stepwell/duration.h"

namespace stepwell {

// An error that travels under a name of its own: derive from it where the name matters to whoever
// reads the run (`struct CardDeclined : NamedError { … };`).
class NamedError : public std::runtime_error {
 public:
  // `cause` is raw JSON, or empty.
  NamedError(std::string name, const std::string& message, std::string cause = std::string())
      : std::runtime_error(message), name_(std::move(name)), cause_(std::move(cause)) {}

  // The name that stands in the journal: "CardDeclined".
  const std::string& name() const { return name_; }
  // Raw JSON that explains the error further; empty: nothing.
  const std::string& cause() const { return cause_; }

 private:
  std::string name_;
  std::string cause_;
};

// Thrown by a step's body: the step fails now. Thrown by the function: the run fails now.
class NonRetriableError : public NamedError {
 public:
  // `message` is for people.
  explicit NonRetriableError(const std::string& message)
      : NamedError("NonRetriableError", message) {}

 protected:
  // For derived errors with a name of their own.
  NonRetriableError(std::string name, const std::string& message)
      : NamedError(std::move(name), message) {}
};

// Tried again after this delay instead of the usual backoff.
class RetryAfterError : public NamedError {
 public:
  // `delay` counts from when the engine has recorded the failure; it keeps to 1 s … 24 h.
  template <class Rep, class Period>
  RetryAfterError(const std::string& message, std::chrono::duration<Rep, Period> delay)
      : NamedError("RetryAfterError", message), delay_(detail::ceil_milliseconds(delay)) {}

  // How long to wait before the next attempt.
  std::chrono::milliseconds delay() const { return delay_; }

 private:
  std::chrono::milliseconds delay_;
};

// An awaited step has failed for good: its attempts are spent, or it threw NonRetriableError. Has
// the name and message of what the last attempt threw. A function that does not catch it fails.
class StepError : public NamedError {
 public:
  // Made by the engine.
  StepError(std::string step_id, std::string name, const std::string& message, std::string cause)
      : NamedError(std::move(name), message, std::move(cause)), step_id_(std::move(step_id)) {}

  // The id of the step as the code wrote it.
  const std::string& step_id() const { return step_id_; }

 private:
  std::string step_id_;
};

// An invoked function did not end in time. It goes on; its result is ignored.
class TimeoutError : public StepError {
 public:
  using StepError::StepError;
};

// The code does not fit what its run has recorded: a step has become one of another kind, say. Such
// a run fails and is not retried. Never thrown into the function's code; tests may meet it.
class NonDeterminismError : public NamedError {
 public:
  // `message` names the step and both kinds.
  explicit NonDeterminismError(const std::string& message)
      : NamedError("NonDeterminismError", message) {}
};

// A step was used inside a step's body, which would hide it from the journal.
class NestedStepError : public NonRetriableError {
 public:
  // `step_id` is the inner one.
  explicit NestedStepError(const std::string& step_id)
      : NonRetriableError("NestedStepError",
                          "step \"" + step_id +
                              "\" is used inside the body of another step: await it in the "
                              "function itself") {}
};

// JSON of another shape than its C++ type. What leaves a function, not a body, is not retried.
class DecodeError : public NamedError {
 public:
  // `message` says where and what.
  explicit DecodeError(const std::string& message) : NamedError("DecodeError", message) {}
};

}  // namespace stepwell
