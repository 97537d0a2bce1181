// Steps: the memoized units of a run. Each call makes a LazyStep; awaiting it asks the engine, and
// the code goes on when the result is durable. After a crash or an eviction the code runs again
// from its start and finds the results of its earlier steps recorded: what is between steps may run
// more than once, a step's recorded body never does.
//
// g++ 12 destroys some temporaries of a co_await expression twice. Where we can see them they do
// not compile: a lambda that captures more than plain values or references, written in place; an
// options struct that owns memory (ours do not); a braced payload, or a NewEvent, written in place.
// Name the lambda, the payload or the event, or hand the lambda's values over as arguments behind
// it.
//
// Others nobody can refuse. With g++ 12 do not write them, but name the value or the task first:
// clang-format off
//   co_await helper(step, {.id = id});
//     a struct that owns memory, written in braces, to any call
//   co_await [name]() -> Task<int> { … }();
//     a coroutine lambda that captures more than plain values
//   b ? co_await step.run(…) : std::string("no")
//     what owns memory, beside a co_await in a ?:
// clang-format on
#pragma once

#include <chrono>
#include <concepts>
#include <coroutine>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "stepwell/awaited_step.h"
#include "stepwell/channel.h"
#include "stepwell/codec.h"
#include "stepwell/event_type.h"
#include "stepwell/function_ref.h"
#include "stepwell/task.h"

namespace stepwell {

inline constexpr std::chrono::hours kYear{24 * 365};

// The options of step.wait_for_event. Both texts are copied before the code suspends.
struct EventWait {
  Timeout timeout;            // required, at most 366 days: beyond that the run fails
  std::string_view if_ = {};  // over `event` (the run's trigger) and `async` (the one that comes)
};
static_assert(std::is_trivially_destructible_v<EventWait>);

// The options of step.wait_for_signal.
struct SignalWait {
  Timeout timeout = kYear;
  bool replace = false;  // take over from a step that waits already; else this run fails
};
static_assert(std::is_trivially_destructible_v<SignalWait>);

// The options of step.invoke.
struct InvokeOptions {
  Timeout timeout = kYear;
};
static_assert(std::is_trivially_destructible_v<InvokeOptions>);

// A condition for EventWait::if_: `async.data.<field>` equals `value`. Takes care of the quotes.
//   .if_ = where("order_id", id)
std::string where(std::string_view field, std::string_view value);
std::string where(std::string_view field, const char* value);
std::string where(std::string_view field, int64_t value);
std::string where(std::string_view field, int value);
std::string where(std::string_view field, bool value);

namespace detail {

// R1: what g++ 12 can take as a temporary inside a co_await expression.
template <class F>
constexpr bool is_safe_callable_v =
    std::is_lvalue_reference_v<F> || std::is_trivially_destructible_v<std::remove_cvref_t<F>>;

// R3: aggregates are the temporaries that are destroyed twice.
template <class D>
constexpr bool is_safe_payload_v =
    std::is_lvalue_reference_v<D> || std::is_trivially_destructible_v<std::remove_cvref_t<D>> ||
    !std::is_aggregate_v<std::remove_cvref_t<D>>;

template <class F, class... Args>
constexpr bool takes_stop_token_v =
    std::is_invocable_v<std::decay_t<F>&, const std::stop_token&, std::decay_t<Args>&...>;

template <class F, class... Args>
auto body_result() {
  using Function = std::decay_t<F>&;
  if constexpr (takes_stop_token_v<F, Args...>) {
    return std::type_identity<std::decay_t<
        std::invoke_result_t<Function, const std::stop_token&, std::decay_t<Args>&...>>>();
  } else {
    static_assert(std::is_invocable_v<Function, std::decay_t<Args>&...>,
                  "the step's function cannot be called with the arguments given behind it");
    return std::type_identity<
        std::decay_t<std::invoke_result_t<Function, std::decay_t<Args>&...>>>();
  }
}

template <class F, class... Args>
using BodyResult = typename decltype(body_result<F, Args...>())::type;

}  // namespace detail

// A step that begins when it is awaited, or given to when_all or when_any. Move-only, and not to be
// moved after it began. Awaiting gives a T, or throws StepError when the step failed for good.
template <class T>
class [[nodiscard("a step does nothing until it is awaited: co_await it")]] LazyStep {
 public:
  using Result = T;

  // Made by Step.
  LazyStep(detail::RunFrame * frame, detail::StepType type, std::string_view id)
      : state_(frame, type, id) {}
  LazyStep(LazyStep &&) noexcept = default;

  // What co_await calls.
  bool await_ready() {
    return state_.begin();
  }
  template <std::derived_from<detail::TaskPromiseBase> Promise>
  void await_suspend(std::coroutine_handle<Promise> awaiting) {
    state_.suspend(awaiting);
  }
  T await_resume() {
    state_.throw_if_failed();
    if constexpr (!std::is_void_v<T>) return from_json_text<T>(state_.result);
  }

  // For Step, which fills it.
  detail::StepRequest& request() {
    return state_.request;
  }

 private:
  detail::AwaitedStep state_;
};

// The ids that the engine gave to events that were sent.
struct SentEvents {
  std::vector<std::string> ids;
};
STEPWELL_FIELDS(SentEvents, ids);

// A signal that came.
template <class T>
struct Signal {
  std::string signal;
  T data{};
};
// Made from what the engine records.
template <class T>
void decode(const Decoder& decoder, Signal<T>& value) {
  if (auto name = decoder.member("signal")) decode(*name, value.signal);
  detail::decode_member("signal", "data", decoder.member("data"), value.data,
                        detail::MissingMember::kIsError);
}

// Makes steps. Each has an id, which names it in the journal: stable when the code changes. The
// same id again in one run (a loop) becomes "id:1", "id:2" …. A handle: cheap to copy, of no use
// after its run has ended, and not inside of a step's body.
class Step {
 public:
  // By the engine.
  explicit Step(detail::RunFrame* frame) : frame_(frame) {}

  // Runs `function(args…)` and records what it returns. It runs on a worker thread and may block;
  // when it throws it is tried again (see FunctionOptions::retries). Arguments are copied. If the
  // function takes a const std::stop_token& first, it learns when its result is not wanted any
  // more. A std::stop_callback on it runs on the thread that asks for the stop, which may be the
  // engine's: it must not block, nor call the engine.
  template <class F, class... Args>
  auto run(std::string_view id, F&& function, Args&&... args) const {
    static_assert(detail::is_safe_callable_v<F>,
                  "capture by reference, name the lambda, or pass arguments after the function: "
                  "g++ 12 destroys this temporary twice");
    static_assert((detail::is_safe_payload_v<Args> && ...),
                  "name this argument before the co_await: g++ 12 destroys a temporary aggregate "
                  "twice");
    using Result = detail::BodyResult<F, Args...>;
    static_assert(!detail::is_task_v<Result>,
                  "a step's body is not a coroutine: await steps in the function itself");
    LazyStep<Result> step(frame_, detail::StepType::kRun, id);
    step.request().body = std::make_unique<detail::BodyOf<std::decay_t<F>, std::decay_t<Args>...>>(
        std::forward<F>(function), std::forward<Args>(args)...);
    return step;
  }

  // Goes on after this length of time, counted from when the engine has recorded the sleep. The run
  // fails if it is more than 366 days.
  template <class Rep, class Period>
  LazyStep<void> sleep(std::string_view id, std::chrono::duration<Rep, Period> duration) const {
    return sleep_step(id, Timeout(duration));
  }
  // Goes on at this time, at once if it has passed.
  template <class Duration>
  LazyStep<void> sleep_until(
      std::string_view id,
      std::chrono::time_point<std::chrono::system_clock, Duration> time) const {
    return sleep_step(id, Timeout(time));
  }

  // The first event of this type that fits; nothing when the time is up. Also finds an event that
  // came shortly before, after what this code had last waited for (the engine's look-back).
  template <class T>
  LazyStep<std::optional<TypedEvent<T>>> wait_for_event(std::string_view id,
                                                        const EventType<T>& type,
                                                        const EventWait& options) const {
    LazyStep<std::optional<TypedEvent<T>>> step(frame_, detail::StepType::kWaitForEvent, id);
    step.request().target = type.name;
    step.request().detail = options.if_;
    step.request().timeout = options.timeout;
    return step;
  }

  // The data sent to a signal; nothing when the time is up. A signal has one waiter, and one that
  // comes before its waiter is lost.
  template <class T = RawJson>
  LazyStep<std::optional<Signal<T>>> wait_for_signal(std::string_view id, std::string_view signal,
                                                     const SignalWait& options) const {
    LazyStep<std::optional<Signal<T>>> step(frame_, detail::StepType::kWaitForSignal, id);
    step.request().target = signal;
    step.request().replaces_signal = options.replace;
    step.request().timeout = options.timeout;
    return step;
  }

  // Runs another function and gives its result. Throws StepError if it failed, TimeoutError if it
  // took too long.
  template <class In, class Out, class D>
  LazyStep<Out> invoke(std::string_view id, const FunctionRef<In, Out>& function, D&& data) const {
    return invoke_step<In, Out>(id, function, std::forward<D>(data), Timeout(kYear));
  }
  template <class In, class Out, class D>
  LazyStep<Out> invoke(std::string_view id, const FunctionRef<In, Out>& function, D&& data,
                       const InvokeOptions& options) const {
    return invoke_step<In, Out>(id, function, std::forward<D>(data), options.timeout);
  }

  // Sends events, exactly once; the ids are the engine's. NonRetriableError for what is no event.
  template <class T, class D>
  LazyStep<SentEvents> send_event(std::string_view id, const EventType<T>& type, D&& data) const {
    static_assert(detail::is_safe_payload_v<D>,
                  "name the payload before the co_await: g++ 12 destroys a temporary aggregate "
                  "twice");
    return send_one(id, NewEvent(type, static_cast<const T&>(data)));
  }
  // The same with an id, a time or a user; the event is copied.
  template <class E>
  requires std::same_as<std::remove_cvref_t<E>, NewEvent> LazyStep<SentEvents> send_event(
      std::string_view id, E&& event)
  const {
    static_assert(std::is_lvalue_reference_v<E>,
                  "name the event before the co_await: g++ 12 destroys a temporary aggregate that "
                  "it is made of twice");
    return send_one(id, event);
  }
  // Several in one step, in order.
  LazyStep<SentEvents> send_events(std::string_view id, const std::vector<NewEvent>& events) const {
    LazyStep<SentEvents> step(frame_, detail::StepType::kSendEvents, id);
    step.request().events = events;
    return step;
  }

  // Publishes a message that leaves once, after the step is recorded (Context::publish: without
  // that). NonRetriableError for one without a channel or topic, or over 512 KiB.
  template <class T, class D>
  LazyStep<void> publish(std::string_view id, const Topic<T>& topic, D&& data) const {
    static_assert(detail::is_safe_payload_v<D>,
                  "name the payload before the co_await: g++ 12 destroys a temporary aggregate "
                  "twice");
    static_assert(detail::is_payload_of_v<T, D>,
                  "the topic takes messages of another type: a Topic<T> is published a T");
    LazyStep<void> step(frame_, detail::StepType::kPublish, id);
    step.request().target = topic.channel();
    step.request().detail = topic.name();
    step.request().data = to_json_text(static_cast<const T&>(data));
    return step;
  }

 private:
  LazyStep<SentEvents> send_one(std::string_view id, NewEvent event) const {
    LazyStep<SentEvents> step(frame_, detail::StepType::kSendEvents, id);
    step.request().events.push_back(std::move(event));
    return step;
  }

  LazyStep<void> sleep_step(std::string_view id, Timeout until) const {
    LazyStep<void> step(frame_, detail::StepType::kSleep, id);
    step.request().timeout = until;
    return step;
  }

  template <class In, class Out, class D>
  LazyStep<Out> invoke_step(std::string_view id, const FunctionRef<In, Out>& function, D&& data,
                            Timeout timeout) const {
    static_assert(detail::is_safe_payload_v<D>,
                  "name the payload before the co_await: g++ 12 destroys a temporary aggregate "
                  "twice");
    LazyStep<Out> step(frame_, detail::StepType::kInvoke, id);
    step.request().target = function.id;
    step.request().data = to_json_text(static_cast<const In&>(data));
    step.request().timeout = timeout;
    return step;
  }

  detail::RunFrame* frame_;
};

}  // namespace stepwell
