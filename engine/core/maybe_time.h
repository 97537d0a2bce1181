// A moment or none, in eight bytes: a run has several, and there may be very many runs.
#pragma once

#include <limits>
#include <optional>

#include "schema/time.h"

namespace stepwell::core {

class MaybeTime {
 public:
  MaybeTime() = default;
  MaybeTime(Time time) : time_(time) {}  // NOLINT: stands for it, as std::optional does
  MaybeTime(const std::optional<Time>& time) : time_(time.value_or(kNone)) {}  // NOLINT

  bool has_value() const { return time_ != kNone; }
  explicit operator bool() const { return has_value(); }
  Time operator*() const { return time_; }
  void reset() { time_ = kNone; }
  operator std::optional<Time>() const {  // NOLINT
    return has_value() ? std::optional<Time>(time_) : std::nullopt;
  }
  friend bool operator==(const MaybeTime& left, const MaybeTime& right) = default;

 private:
  static constexpr Time kNone = Time::min();
  Time time_ = kNone;
};

}  // namespace stepwell::core
