// What a function is given: the event that triggered its run, and the means to make steps.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stepwell/channel.h"
#include "stepwell/codec.h"
#include "stepwell/event_type.h"
#include "stepwell/step.h"

namespace stepwell {
namespace detail {

// By the engine: JSON text that leaves without being recorded.
void publish_unrecorded(RunFrame* frame, std::string_view channel, std::string_view topic,
                        std::string data);
std::stop_token stop_token_of(const RunFrame* frame);
// All events of the run, as JSON text.
std::vector<std::string> events_of(const RunFrame* frame);

// What a run is started with.
struct RunStart {
  RunFrame* frame = nullptr;
  std::string event_json;
  std::string run_id;
  int attempt = 0;
};

}  // namespace detail

// A value of handles and of the trigger's event; functions take it by value.
template <class T>
class Context {
 public:
  // By the engine. NonRetriableError if the event's data is not a T.
  explicit Context(const detail::RunStart& start)
      : event(read_event(start.event_json)),
        step(start.frame),
        run_id(start.run_id),
        attempt(start.attempt),
        frame_(start.frame) {}

  TypedEvent<T> event;  // what triggered the run; of a batch, the first
  Step step;
  std::string run_id;  // a ULID
  int attempt = 0;     // of the function's code, from 0, when this frame of it was begun

  // Sends a message that is not recorded: it is sent again when the code runs again. Inside of a
  // step's body it leaves when the step is recorded.
  template <class U, class D>
  void publish(const Topic<U>& topic, const D& data) const {
    static_assert(detail::is_payload_of_v<U, const D&>,
                  "the topic takes messages of another type: a Topic<T> is published a T");
    detail::publish_unrecorded(frame_, topic.channel(), topic.name(),
                               to_json_text(static_cast<const U&>(data)));
  }

  // The events of a batch (FunctionOptions::batch_events) in the order in which they came; of
  // another run, its only one. NonRetriableError if the data of one is not a T.
  std::vector<TypedEvent<T>> events() const {
    std::vector<TypedEvent<T>> all;
    for (const std::string& json : detail::events_of(frame_)) all.push_back(read_event(json));
    return all;
  }

  // For step bodies: stop is requested when the run was cancelled. Callbacks on it as in
  // Step::run().
  std::stop_token stop() const { return detail::stop_token_of(frame_); }

 private:
  static TypedEvent<T> read_event(std::string_view json) {
    try {
      return from_json_text<TypedEvent<T>>(json);
    } catch (const DecodeError& error) {
      throw NonRetriableError(std::string("the event is not what the function takes: ") +
                              error.what());
    }
  }

  detail::RunFrame* frame_;
};

}  // namespace stepwell
