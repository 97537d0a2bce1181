// How functions come to an engine, the same for Engine and TestEngine.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "stepwell/channel.h"
#include "stepwell/event_type.h"
#include "stepwell/function.h"
#include "stepwell/function_ref.h"
#include "stepwell/json_schema.h"

namespace stepwell {

// Before the engine starts, on one thread. The code is copied or moved in and lives as long as the
// engine.
class FunctionRegistrar {
 public:
  FunctionRegistrar(const FunctionRegistrar&) = delete;
  FunctionRegistrar& operator=(const FunctionRegistrar&) = delete;

  // Registers a coroutine `Task<Out> f(Context<In>)` that runs for each event of the type.
  // EngineError when the options are wrong, also for expressions that do not compile.
  template <class In, class F>
  auto function(FunctionOptions options, const EventType<In>& type, F&& code) {
    using Expected = typename detail::TraitsOf<F>::In;
    static_assert(std::is_same_v<Expected, In> || std::is_same_v<Expected, RawJson>,
                  "the event is of another type than the Context of the function: an EventType<T> "
                  "triggers Task<Out> f(Context<T>), or f(Context<RawJson>)");
    options.triggers.insert(options.triggers.begin(),
                            FunctionOptions::Trigger{std::string(type.name), options.if_});
    return function(std::move(options), std::forward<F>(code));
  }
  // The same, triggered by options.triggers or, without any, only by being invoked.
  template <class F>
  auto function(FunctionOptions options, F&& code) {
    using Traits = detail::TraitsOf<F>;
    std::string_view id = add(std::move(options), detail::make_code(std::forward<F>(code)));
    return FunctionRef<typename Traits::In, typename Traits::Out>{id};
  }
  // A function that runs, as a run of its own, when a run of `function_id` failed for good:
  // `Task<void> f(Context<FunctionFailed>)`. It is registered as "<function_id>-failure".
  template <class F>
  void on_failure(std::string_view function_id, F&& code) {
    FunctionOptions options{.id = std::string(function_id) + "-failure"};
    options.if_ = "event.data.function_id == '" + std::string(function_id) + "'";
    function(std::move(options), function_failed, std::forward<F>(code));
  }

  // Registers a topic with the JSON Schema of T, while this process runs: whoever publishes to it,
  // in whatever language, must send what fits. The channel's name may end in a `*`, for all whose
  // names begin so: `engine.topic(PostChannel("*").updated)`.
  template <class T>
  void topic(const Topic<T>& topic) {
    add_topic(topic.channel(), topic.name(), json_schema<T>());
  }

 protected:
  FunctionRegistrar() = default;
  ~FunctionRegistrar() = default;

 private:
  // The id, as text that the engine owns.
  virtual std::string_view add(FunctionOptions options,
                               std::shared_ptr<const detail::FunctionCode> code) = 0;
  virtual void add_topic(const std::string& channel, const std::string& name,
                         std::string schema) = 0;
};

}  // namespace stepwell
