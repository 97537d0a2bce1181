// Task<T>: what functions and their parts return. A coroutine that begins when it is awaited:
//
//   Task<int> charge(Context<Order> ctx) { co_return co_await ctx.step.run("charge", …); }
//
// Parameters of such coroutines are values, or references to what outlives the await. A lambda with
// captures must not be a coroutine: its captures die before it ends.
#pragma once

#include <coroutine>
#include <cstdlib>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "stepwell/chain.h"

namespace stepwell {

template <class T>
class Task;

namespace detail {

// The part of a coroutine that the engine knows.
class TaskPromiseBase {
 public:
  // Gives the turn to whoever awaits this coroutine, or ends the chain.
  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      TaskPromiseBase& promise = self.promise();
      promise.chain->next = promise.continuation;
      if (!promise.continuation) {
        promise.chain->is_done = true;
        promise.chain->has_failed = promise.error != nullptr;
      }
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }

  Chain* chain = nullptr;                // set when the coroutine begins
  std::coroutine_handle<> continuation;  // who awaits it; null: it is the outermost of its chain
  std::exception_ptr error;
};

template <class T>
class TaskPromise : public TaskPromiseBase {
 public:
  Task<T> get_return_object();
  template <class U>
  requires std::convertible_to<U, T>
  void return_value(U&& value) { value_.emplace(std::forward<U>(value)); }
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> : public TaskPromiseBase {
 public:
  Task<void> get_return_object();
  void return_void() const noexcept {}
  void take() const {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace detail

// A coroutine that has not begun, or its frame while it is awaited. Move-only.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  // A task that is nothing: to be assigned to.
  Task() = default;
  // By the coroutine itself.
  explicit Task(Handle handle) : handle_(handle) {}
  // The moved-from task is nothing.
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  // Destroys what this task held.
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() { reset(); }

  // Destroys the frame and all that its coroutine holds.
  void reset() {
    if (handle_) std::exchange(handle_, nullptr).destroy();
  }

  // Awaiting runs the task and gives its result, or throws what it threw. Once only.
  class Awaiter {
   public:
    // What co_await calls.
    explicit Awaiter(Handle task) : task_(task) {}
    bool await_ready() const noexcept { return false; }
    template <std::derived_from<detail::TaskPromiseBase> Promise>
    void await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
      detail::Chain* chain = awaiting.promise().chain;
      task_.promise().chain = chain;
      task_.promise().continuation = awaiting;
      chain->next = task_;
    }
    T await_resume() { return task_.promise().take(); }

   private:
    Handle task_;
  };
  // co_await make_task() or co_await std::move(task).
  Awaiter operator co_await() && noexcept { return Awaiter(handle_); }

  // For the engine, which begins the outermost coroutine of a chain itself.
  Handle handle() const { return handle_; }

 private:
  Handle handle_;
};

namespace detail {

template <class T>
Task<T> TaskPromise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

template <class T>
constexpr bool is_task_v = false;
template <class T>
constexpr bool is_task_v<Task<T>> = true;

}  // namespace detail
}  // namespace stepwell
