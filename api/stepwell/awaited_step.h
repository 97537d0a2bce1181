// What the engine and an awaited step know of each other. Internal to the library.
#pragma once

#include <array>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "stepwell/chain.h"
#include "stepwell/codec.h"
#include "stepwell/duration.h"
#include "stepwell/event_type.h"

namespace stepwell {

// When a wait ends by itself: after a length of time from when the engine has registered it, or at
// a point in time. Written as either: `.timeout = 15min`, `.timeout = deadline`.
class Timeout {
 public:
  // Rounded up to milliseconds: never early. Longer than they can count is as long as they can.
  template <class Rep, class Period>
  Timeout(std::chrono::duration<Rep, Period> after)  // NOLINT: implicit
      : value_(detail::ceil_milliseconds(after).count()) {}
  template <class Duration>
  Timeout(std::chrono::time_point<std::chrono::system_clock, Duration> at)  // NOLINT: implicit
      : value_(detail::ceil_milliseconds(at.time_since_epoch()).count()),
        is_absolute_(true) {}

  // A point in time; else a length of time.
  bool is_absolute() const { return is_absolute_; }
  // Milliseconds, since 1970 UTC where it is a point in time.
  int64_t milliseconds() const { return value_; }

 private:
  int64_t value_;
  bool is_absolute_ = false;
};

namespace detail {

// The callable of a step, with the arguments that were given behind it.
class Body {
 public:
  virtual ~Body() = default;
  // Calls it; the result as JSON text.
  virtual std::string run(const std::stop_token& stop) = 0;
};

template <class Function, class... Arguments>
class BodyOf final : public Body {
 public:
  template <class F, class... As>
  explicit BodyOf(F&& function, As&&... arguments)
      : function_(std::forward<F>(function)), arguments_(std::forward<As>(arguments)...) {}

  std::string run(const std::stop_token& stop) override {
    if constexpr (std::is_void_v<decltype(call(stop))>) {
      call(stop);
      return "null";
    } else {
      return to_json_text(call(stop));
    }
  }

 private:
  decltype(auto) call(const std::stop_token& stop) {
    return std::apply(
        [&](Arguments&... arguments) -> decltype(auto) {
          if constexpr (std::is_invocable_v<Function&, const std::stop_token&, Arguments&...>) {
            return std::invoke(function_, stop, arguments...);
          } else {
            return std::invoke(function_, arguments...);
          }
        },
        arguments_);
  }

  Function function_;
  std::tuple<Arguments...> arguments_;
};

enum class StepType : uint8_t {
  kRun,
  kPublish,
  kSleep,
  kWaitForEvent,
  kWaitForSignal,
  kInvoke,
  kSendEvents,
};

// What a step asks for. Which members mean something depends on `type`.
struct StepRequest {
  StepType type = StepType::kRun;
  bool replaces_signal = false;
  std::string id;      // as the user wrote it
  std::string target;  // event, signal, function; or channel
  std::string detail;  // expression; or topic
  std::string data;    // JSON text: what to invoke with, what to publish
  std::optional<Timeout> timeout;
  std::vector<NewEvent> events;
  std::unique_ptr<Body> body;
};

// A step from its creation to its result. Lives in the frame of the coroutine that awaits it, and
// stays in its place while it is awaited.
class AwaitedStep {
 public:
  // NestedStepError inside of a step's body.
  AwaitedStep(RunFrame* frame, StepType type, std::string_view id);
  AwaitedStep(AwaitedStep&& other) noexcept;
  AwaitedStep& operator=(AwaitedStep&&) = delete;
  ~AwaitedStep();

  // True if the result is there already: then there is no suspension.
  bool begin();
  void suspend(std::coroutine_handle<> awaiting) { waiting = awaiting; }
  // Throws StepError if the step has failed.
  void throw_if_failed() const;

  StepRequest request;

  // -- Below: the engine's.
  struct Failure {
    std::string name;
    std::string message;
    std::string cause;
  };
  enum class Phase : uint8_t { kNew, kAwaited, kResolved };

  RunFrame* frame;
  Phase phase = Phase::kNew;
  bool is_running = false;  // its body, on some thread
  Chain* chain = nullptr;   // that awaits it
  std::coroutine_handle<> waiting;
  std::array<uint8_t, 20> key{};
  std::string full_id;  // with its ":N", when it is a repeat
  std::string result;   // JSON text
  std::unique_ptr<Failure> failure;
  std::stop_source* stop = nullptr;  // of the running body
};

}  // namespace detail
}  // namespace stepwell
