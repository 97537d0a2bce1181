// when_all and when_any: several steps and tasks of one function at a time. Their code takes turns
// on one thread; the bodies of their steps may run at the same time on several.
//
// Both are structured: when they give their result, nothing of what they were given is under way
// any more. What has lost a race, or stands beside a failure, is abandoned: its code is destroyed
// where it waits, steps that have not begun never begin, and a body that runs is asked to stop (its
// stop token) and waited for, because it may refer to locals of the function. What the engine has
// recorded of it stays recorded.
#pragma once

#include <array>
#include <coroutine>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "stepwell/step.h"
#include "stepwell/task.h"

namespace stepwell {
namespace detail {

template <class T>
Task<T> as_task(Task<T>&& task) {
  return std::move(task);
}
template <class T>
Task<T> as_task(LazyStep<T> step) {
  co_return co_await step;
}

template <class Awaitable>
using TaskOf = decltype(as_task(std::declval<Awaitable>()));

// void has no objects: std::monostate stands for it in tuples, vectors and variants.
template <class T>
using Storable = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
Storable<T> take_result(Task<T>& task) {
  if constexpr (std::is_void_v<T>) {
    task.handle().promise().take();
    return {};
  } else {
    return task.handle().promise().take();
  }
}

template <class... Ts>
class TupleJoin : public Join {
 public:
  TupleJoin(Mode mode, Task<Ts>&&... tasks) : Join(mode), tasks_(std::move(tasks)...) {}

  bool await_ready() const noexcept { return sizeof...(Ts) == 0; }
  template <std::derived_from<TaskPromiseBase> Promise>
  void await_suspend(std::coroutine_handle<Promise> awaiting) {
    suspend(*awaiting.promise().chain, awaiting, sizeof...(Ts));
    std::apply(
        [&](auto&... tasks) {
          size_t index = 0;
          (begin(tasks, index++), ...);
        },
        tasks_);
  }

 protected:
  size_t decider_index() const { return static_cast<size_t>(&decider() - chains_.data()); }
  // The tasks, to be destroyed when their results are taken; what was abandoned goes on no more.
  std::tuple<Task<Ts>...> take_tasks() {
    for (Chain& chain : chains_) remove_from_queue(chain);
    return std::move(tasks_);
  }

 private:
  template <class T>
  void begin(Task<T>& task, size_t index) {
    task.handle().promise().chain = &chains_[index];
    start(chains_[index], task.handle());
  }
  std::tuple<Task<Ts>...> tasks_;
  std::array<Chain, sizeof...(Ts)> chains_;
};

template <class... Ts>
class AllOf final : public TupleJoin<Ts...> {
 public:
  explicit AllOf(Task<Ts>&&... tasks) : TupleJoin<Ts...>(Join::Mode::kAll, std::move(tasks)...) {}

  std::tuple<Storable<Ts>...> await_resume() {
    auto tasks = this->take_tasks();
    if constexpr (sizeof...(Ts) > 0) {
      if (this->decider().has_failed) rethrow_failure(tasks, std::index_sequence_for<Ts...>());
    }
    return std::apply(
        [](auto&... each) { return std::tuple<Storable<Ts>...>{take_result(each)...}; }, tasks);
  }

 private:
  template <size_t... Is>
  void rethrow_failure(std::tuple<Task<Ts>...>& tasks, std::index_sequence<Is...>) {
    size_t failed = this->decider_index();
    ((Is == failed ? static_cast<void>(take_result(std::get<Is>(tasks))) : void()), ...);
  }
};

template <class... Ts>
class AnyOf final : public TupleJoin<Ts...> {
 public:
  explicit AnyOf(Task<Ts>&&... tasks) : TupleJoin<Ts...>(Join::Mode::kAny, std::move(tasks)...) {}

  std::variant<Storable<Ts>...> await_resume() {
    auto tasks = this->take_tasks();
    return take_winner<0>(tasks);
  }

 private:
  template <size_t I>
  std::variant<Storable<Ts>...> take_winner(std::tuple<Task<Ts>...>& tasks) {
    if constexpr (I + 1 < sizeof...(Ts)) {
      if (this->decider_index() != I) return take_winner<I + 1>(tasks);
    }
    return std::variant<Storable<Ts>...>(std::in_place_index<I>, take_result(std::get<I>(tasks)));
  }
};

template <class T>
class VectorAllOf final : public Join {
 public:
  explicit VectorAllOf(std::vector<Task<T>>&& tasks)
      : Join(Mode::kAll), tasks_(std::move(tasks)), chains_(new Chain[tasks_.size()]) {}

  bool await_ready() const noexcept { return tasks_.empty(); }
  template <std::derived_from<TaskPromiseBase> Promise>
  void await_suspend(std::coroutine_handle<Promise> awaiting) {
    suspend(*awaiting.promise().chain, awaiting, tasks_.size());
    for (size_t i = 0; i < tasks_.size(); ++i) {
      tasks_[i].handle().promise().chain = &chains_[i];
      start(chains_[i], tasks_[i].handle());
    }
  }
  std::vector<Storable<T>> await_resume() {
    std::vector<Task<T>> tasks = std::move(tasks_);
    for (size_t i = 0; i < tasks.size(); ++i) remove_from_queue(chains_[i]);
    if (!tasks.empty() && decider().has_failed) {
      take_result(tasks[static_cast<size_t>(&decider() - chains_.get())]);
    }
    std::vector<Storable<T>> results;
    results.reserve(tasks.size());
    for (Task<T>& task : tasks) results.push_back(take_result(task));
    return results;
  }

 private:
  std::vector<Task<T>> tasks_;
  std::unique_ptr<Chain[]> chains_;
};

template <class... Ts>
AllOf<Ts...> make_all(Task<Ts>&&... tasks) {
  return AllOf<Ts...>(std::move(tasks)...);
}
template <class... Ts>
AnyOf<Ts...> make_any(Task<Ts>&&... tasks) {
  return AnyOf<Ts...>(std::move(tasks)...);
}

}  // namespace detail

// Awaits all steps and tasks: a tuple of their results (std::monostate for void). Throws what the
// first of them throws to fail, at once; the others are then abandoned.
//   auto [left, right] = co_await when_all(step.run("left", …), step.run("right", …));
template <class... Awaitables>
requires(!std::is_lvalue_reference_v<Awaitables> && ...)
    [[nodiscard]] auto when_all(Awaitables&&... awaitables) {
  return detail::make_all(detail::as_task(std::move(awaitables))...);
}

// The same for a number of them that is known only at run time: a vector of results, in order.
template <class T>
[[nodiscard]] detail::VectorAllOf<T> when_all(std::vector<Task<T>>&& tasks) {
  return detail::VectorAllOf<T>(std::move(tasks));
}
template <class T>
[[nodiscard]] detail::VectorAllOf<T> when_all(std::vector<LazyStep<T>>&& steps) {
  std::vector<Task<T>> tasks;
  tasks.reserve(steps.size());
  for (LazyStep<T>& step : steps) tasks.push_back(detail::as_task(std::move(step)));
  return detail::VectorAllOf<T>(std::move(tasks));
}

// Awaits the first of them to end, by the order of the journal: a variant whose index says which,
// or what it threw. The others are abandoned.
//   auto first = co_await when_any(step.wait_for_event(…), step.sleep("limit", 2h));
//   if (first.index() == 1) …  // the sleep
template <class... Awaitables>
requires(sizeof...(Awaitables) > 0 && (!std::is_lvalue_reference_v<Awaitables> && ...))
    [[nodiscard]] auto when_any(Awaitables&&... awaitables) {
  return detail::make_any(detail::as_task(std::move(awaitables))...);
}

}  // namespace stepwell
