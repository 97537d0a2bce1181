// Why an expression was refused, for the person who wrote it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "schema/check.h"

namespace stepwell::expr {

struct CompileError {
  std::string message;  // "undeclared reference to 'foo'"
  int line = 1;         // both from 1; columns count code points
  int column = 1;
  std::string caret;  // the line of the text and, below it, a caret at the column
  std::string hint;   // what was probably meant; may be empty

  // "1:7: message\n<line>\n      ^\nhint: ...".
  std::string to_string() const;
};

// An error at a byte offset of `text`.
CompileError make_error(std::string_view text, size_t offset, std::string message,
                        std::string hint = {});

// A T or the reason why there is none.
template <typename T>
class [[nodiscard]] Compiled {
 public:
  Compiled(T value) : state_(std::in_place_index<0>, std::move(value)) {}             // NOLINT
  Compiled(CompileError error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() {
    CHECK_INVARIANT(ok(), "Compiled::value() on an error");
    return std::get<0>(state_);
  }
  const T& value() const {
    CHECK_INVARIANT(ok(), "Compiled::value() on an error");
    return std::get<0>(state_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const CompileError& error() const {
    CHECK_INVARIANT(!ok(), "Compiled::error() on a value");
    return std::get<1>(state_);
  }

 private:
  std::variant<T, CompileError> state_;
};

}  // namespace stepwell::expr
