// Testing functions: the engine with a journal in memory, virtual time and one thread, so that a
// test of a workflow that waits for a month is a few lines and always does the same.
//
//   TestEngine t;
//   t.function({.id = "approve"}, approval_asked, approve);
//   t.stub_step("new-uuid", std::string("u-1"));
//   TestRun run = t.start(approval_asked, {.text = "p"});
//   REQUIRE(run.is_waiting_at("wait-for-answer"));
//   t.advance(15min);
//   CHECK(run.result<std::string>() == "timed out");
#pragma once

#include "stepwell/standard.h"  // first

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "stepwell/channel.h"
#include "stepwell/duration.h"
#include "stepwell/engine.h"
#include "stepwell/event_type.h"
#include "stepwell/function.h"
#include "stepwell/function_registrar.h"

namespace stepwell {

namespace detail {
class TestEngineImpl;
}

// How a TestEngine differs from its usual self.
struct TestOptions {
  // Each run leaves memory whenever it is suspended: whoever passes with and without this has no
  // state outside of steps.
  bool always_evict = false;
  // Decides ids, and in which order things happen that may happen in any order.
  uint64_t seed = 1;
  // Virtual time begins here.
  std::chrono::sys_time<std::chrono::milliseconds> start{std::chrono::days(20'000)};
};

// A run of a TestEngine; a handle, outlived by its engine.
class TestRun {
 public:
  // By TestEngine.
  TestRun(detail::TestEngineImpl* engine, std::string id) : engine_(engine), id_(std::move(id)) {}

  // Its ULID; the run as it stands now.
  const std::string& id() const { return id_; }
  RunInfo info() const;
  bool has_ended() const { return info().has_ended(); }

  // What the function returned; std::logic_error, with the reason, if it did not.
  template <class T>
  T result() const {
    return from_json_text<T>(output());
  }
  // The same as JSON text.
  std::string output() const;

  // The ids of the steps that the run waits for: sleeping, waiting, invoking or to be tried again.
  std::vector<std::string> waiting() const;
  bool is_waiting_at(std::string_view step_id) const;

  // The recorded result of a step; std::logic_error if there is none.
  template <class T>
  T step(std::string_view step_id) const {
    return from_json_text<T>(step_json(step_id));
  }
  std::string step_json(std::string_view step_id) const;
  // The ids of the steps that are recorded, in order.
  std::vector<std::string> steps() const;

  // What the run has published.
  std::vector<Message> published() const;
  template <class T>
  std::vector<T> published(const Topic<T>& topic) const {
    std::vector<T> values;
    for (const Message& message : published()) {
      if (message.channel == topic.channel() && message.topic == topic.name()) {
        values.push_back(from_json_text<T>(message.data));
      }
    }
    return values;
  }

  // Everything that the run has recorded, as text to keep beside the tests; see check_replay.
  std::string journal_text() const;

 private:
  detail::TestEngineImpl* engine_;
  std::string id_;
};

// An engine for tests. One thread; everything that can happen without time passing has happened
// when one of its functions returns.
class TestEngine : public FunctionRegistrar {
 public:
  // The usual one; or as the options say.
  TestEngine();
  explicit TestEngine(const TestOptions& options);
  ~TestEngine();

  // Steps of this id (":1" for the first repeat) get this result, or throw this StepError, in every
  // run, without being asked for: no body runs, nothing is waited for, nothing is recorded.
  template <class T>
  void stub_step(std::string_view step_id, const T& result) {
    stub_json(step_id, to_json_text(result));
  }
  void stub_step_error(std::string_view step_id, const NamedError& error);

  // Sends an event that starts exactly one run: that run. std::logic_error if it does not.
  template <class T>
  TestRun start(const EventType<T>& type, const std::type_identity_t<T>& data) {
    return start(NewEvent(type, data));
  }
  TestRun start(const NewEvent& event);

  // Sends an event; its id. It may start runs, resolve waits, cancel runs.
  template <class T>
  std::string send(const EventType<T>& type, const std::type_identity_t<T>& data) {
    return send(NewEvent(type, data));
  }
  std::string send(const NewEvent& event);
  // Ends the wait for a signal; std::logic_error if nobody waits.
  template <class T>
  void send_signal(std::string_view signal, const T& data) {
    send_signal_json(signal, to_json_text(data));
  }
  // Cancels a run.
  void cancel(const TestRun& run);

  // Lets time pass; what becomes due happens in between, at its time. Time ends with the year 9999,
  // and does not go back: std::logic_error.
  template <class Rep, class Period>
  void advance(std::chrono::duration<Rep, Period> duration) {
    advance_by(detail::ceil_milliseconds(duration));
  }
  // Lets time pass until the next thing is due; false if nothing ever is.
  bool advance_to_next();
  std::chrono::sys_time<std::chrono::milliseconds> now() const;

  // The process dies and comes back: only what was recorded is left.
  void crash_and_restart();

  // All runs, the oldest first; all messages; warnings about the code, such as steps that were
  // recorded and are never reached.
  std::vector<TestRun> runs();
  const std::vector<Message>& published() const;
  const std::vector<std::string>& warnings() const;

  // Runs the code of a registered function against the journal of an old run (journal_text), and
  // says what does not fit, in sentences; nothing: the run could go on with this code. Keep the
  // journals of real runs beside the tests, to see before a release what it would break.
  std::vector<std::string> check_replay(std::string_view function_id,
                                        std::string_view journal_text);

 private:
  std::string_view add(FunctionOptions options,
                       std::shared_ptr<const detail::FunctionCode> code) override;
  void add_topic(const std::string& channel, const std::string& name, std::string schema) override;
  void stub_json(std::string_view step_id, std::string json);
  void send_signal_json(std::string_view signal, const std::string& json);
  void advance_by(std::chrono::milliseconds duration);

  std::unique_ptr<detail::TestEngineImpl> impl_;
};

}  // namespace stepwell
