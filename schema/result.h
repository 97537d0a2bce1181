// Result<T>: a value or an Error. The engine's way to report failures that are expected (bad input,
// a full disk); exceptions are for user functions, CHECK_INVARIANT for bugs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "schema/check.h"

namespace stepwell {

// What a caller can do about an error; the message is for people.
enum class ErrorCode {
  kInvalid,       // the input is wrong: fix it, do not retry
  kNotFound,      // no such run, event, function ...
  kConflict,      // the state does not allow it (a finished run cannot be cancelled)
  kTooLarge,      // over a limit
  kUnauthorized,  // credentials are missing or wrong
  kUnavailable,   // try again later
  kIo,            // the operating system refused
  kCorrupt,       // stored data is not what was written
  kInternal,      // a bug that was survived
};

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // names the thing, what is wrong and how to mend it
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    CHECK_INVARIANT(ok(), "Result::value() on an error");
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK_INVARIANT(ok(), "Result::value() on an error");
    return std::get<0>(state_);
  }
  T&& value() && {
    CHECK_INVARIANT(ok(), "Result::value() on an error");
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    CHECK_INVARIANT(!ok(), "Result::error() on a value");
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    CHECK_INVARIANT(!ok(), "Result::error() on a success");
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace stepwell
