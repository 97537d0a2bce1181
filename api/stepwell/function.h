// Functions: their options, and how the engine reaches their code.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "stepwell/context.h"
#include "stepwell/task.h"

namespace stepwell {

// A run that failed for good, as FunctionOptions::on_failure is told.
struct Failure {
  std::string function_id;
  std::string run_id;
  std::string name;     // of the error
  std::string message;  // for people
};

// What to do when the code does not quite fit what its run has recorded.
enum class Determinism : uint8_t {
  kWarn,    // recorded steps that the code never reaches, ids used twice in parallel: a warning
  kStrict,  // the same fail the run, which is not retried
};

// What a function is registered with. A field that is not here is not supported yet.
struct FunctionOptions {
  // Starts a run for each such event.
  struct Trigger {
    std::string event = {};  // a name, with a trailing "*" behind "/" or "." a wildcard
    std::string if_ = {};    // over `event`; empty: every one
  };
  // Cancels a run when such an event comes.
  struct CancelOn {
    std::string event;
    std::string if_;                                   // over `event`, the trigger, and `async`
    std::optional<std::chrono::milliseconds> timeout;  // how long after the run's creation
    // Or until when; with neither of the two, for a year.
    std::optional<std::chrono::system_clock::time_point> until = {};
  };
  // Starts a run each time that a schedule is due (docs/flow-control.md).
  struct Schedule {
    std::string cron;  // "TZ=Europe/Vienna 0 9 * * 1-5", "@daily"
    // Each run starts up to so much later, always the same for one function: 1 s to 5 min.
    std::optional<std::chrono::milliseconds> jitter = {};
  };
  // When a run is cancelled by itself.
  struct Timeouts {
    std::optional<std::chrono::milliseconds> start = {};   // it has not started by then
    std::optional<std::chrono::milliseconds> finish = {};  // it has not ended so long after it did
  };

  // How many calls may be under way at once (docs/flow-control.md has all of flow control).
  struct Concurrency {
    enum class Scope : uint8_t { kFunction, kEnvironment, kAccount };
    // 0 is no limit; with a key, and for run_concurrency, it is refused.
    std::int64_t limit = 0;
    std::string key = {};  // over `event`: each value has a limit of its own; empty: one for all
    Scope scope = Scope::kFunction;  // beyond the function, functions share what has the same value
  };
  // How often a run may start; further ones wait.
  struct Throttle {
    std::int64_t limit = 1;
    std::chrono::milliseconds period{};
    std::int64_t burst = 0;  // at once, beside the limit
    std::string key = {};    // as above
  };
  // One run at a time.
  struct Singleton {
    // What happens to a run while another is open: it is skipped, or the other one is cancelled.
    enum class Mode : uint8_t { kSkip, kCancel };
    Mode mode = Mode::kSkip;
    std::string key = {};  // as above; where it is false, the run is no singleton
  };
  // Starts a run only if fewer than `limit` have started in the last `period`, at most a day; what
  // comes beyond starts none, now or later.
  struct RateLimit {
    std::int64_t limit = 1;
    std::chrono::milliseconds period{};
    std::string key = {};  // as above; where it is false, the event is not limited
  };
  // Waits until no event has come for `period`, a second to a week; starts a run with the latest.
  struct Debounce {
    std::chrono::milliseconds period{};
    std::string key = {};                                   // as above
    std::optional<std::chrono::milliseconds> timeout = {};  // the longest wait since the first
  };
  // Gathers events: one run with up to `max_size` of them (at least 2, together 10 MiB at most),
  // `timeout` after the first. See Context::events.
  struct BatchEvents {
    std::int64_t max_size = 0;
    std::chrono::milliseconds timeout{};
    std::string key = {};  // as above
    std::string if_ = {};  // over `event`: where it is not true the event starts a run of its own
  };

  std::string id;         // names it in the journal: do not change it
  std::string name = {};  // for people; empty: the id
  // Attempts beyond the first, of the function and of each step; more than 20 count as 20.
  int retries = 4;
  std::string if_ = {};                // the condition of the trigger that is given as an EventType
  std::vector<Trigger> triggers = {};  // further ones; at most 10 with that one and the schedules
  std::vector<Schedule> schedules = {};
  std::vector<CancelOn> cancel_on = {};             // at most 5
  std::vector<Concurrency> concurrency = {};        // of calls under way; at most two, all hold
  std::optional<Concurrency> run_concurrency = {};  // of runs, from their start to their end
  std::optional<Throttle> throttle = {};
  std::optional<Singleton> singleton = {};
  std::string priority = {};  // over `event`: seconds by which a queued run may overtake
  std::optional<RateLimit> rate_limit = {};
  std::optional<Debounce> debounce = {};
  // Not with debounce, singleton, priority or cancel_on.
  std::optional<BatchEvents> batch_events = {};
  // Over `event`: one run in 24 hours for each value. Takes the place of rate_limit.
  std::string idempotency = {};
  Timeouts timeouts = {};
  // How far back a wait looks, a minute at most; absent: the engine's setting; zero: not at all.
  std::optional<std::chrono::milliseconds> wait_lookback = {};
  Determinism determinism = Determinism::kWarn;
  // Called, on a worker thread, when a run fails for good; at most once, for a crash or a stop may
  // swallow it. What it throws is a warning. For more than a line in a log register a function for
  // failures, which runs as durably as others: Engine::on_failure.
  std::function<void(const Failure&)> on_failure = {};
};

namespace detail {

// The code of a function, whatever its types.
class FunctionCode {
 public:
  virtual ~FunctionCode() = default;
  // A coroutine that has not begun; its result is JSON text. This object outlives it.
  virtual Task<std::string> start(RunStart start) const = 0;
};

template <class T, class R, class F>
class FunctionCodeOf final : public FunctionCode {
 public:
  explicit FunctionCodeOf(F function) : function_(std::move(function)) {}

  Task<std::string> start(RunStart start) const override {
    Context<T> context(start);
    if constexpr (std::is_void_v<R>) {
      co_await function_(std::move(context));
      co_return std::string("null");
    } else {
      R result = co_await function_(std::move(context));
      co_return to_json_text(result);
    }
  }

 private:
  F function_;
};

template <class Signature>
struct FunctionTraits {
  static_assert(!std::is_same_v<Signature, Signature>,
                "a function is a coroutine Task<Out> f(Context<In>)");
  using In = RawJson;
  using Out = RawJson;
};
template <class T, class R>
struct FunctionTraits<Task<R>(Context<T>)> {
  using In = T;
  using Out = R;
};

// The signature of a function pointer, or of a class with one operator().
template <class F>
struct SignatureOf {
  using type = F;  // none
};
template <class F>
requires requires {
  &F::operator();
}
struct SignatureOf<F> : SignatureOf<decltype(&F::operator())> {};
template <class R, class... As>
struct SignatureOf<R (*)(As...)> {
  using type = R(As...);
};
template <class C, class R, class... As>
struct SignatureOf<R (C::*)(As...) const> {
  using type = R(As...);
};
template <class C, class R, class... As>
struct SignatureOf<R (C::*)(As...)> {
  using type = R(As...);
};

template <class F>
using TraitsOf = FunctionTraits<typename SignatureOf<std::decay_t<F>>::type>;

template <class F>
std::shared_ptr<const FunctionCode> make_code(F&& function) {
  using Traits = TraitsOf<F>;
  using Code = FunctionCodeOf<typename Traits::In, typename Traits::Out, std::decay_t<F>>;
  return std::make_shared<const Code>(std::forward<F>(function));
}

}  // namespace detail
}  // namespace stepwell
