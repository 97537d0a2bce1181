// Ops: what a function's code asks of the engine when it meets a step. Drivers translate whatever
// they speak (a coroutine's awaits, an SDK's HTTP answer) into these.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "schema/error_info.h"
#include "schema/event.h"
#include "schema/ids.h"
#include "schema/time.h"

namespace stepwell {

// The kinds of steps that the journal knows. The numbers are stored: never reuse one.
enum class StepKind : uint8_t {
  kRun = 1,
  kSleep = 2,
  kWaitForEvent = 3,
  kWaitForSignal = 4,
  kInvoke = 5,
  kSendEvent = 6,
  kCancelOn = 7,  // not a step of the code: a registered cancellation of the run
  kFetch = 8,     // an HTTP request that the engine makes
  kInfer = 9,     // the same, to a language model
};

// The steps that have a body: the engine calls for it, perhaps several times, until it has a
// result.
bool has_body(StepKind kind);

// "StepRun", "Sleep", "WaitForEvent" …: the names of the SDK protocol, also used in messages.
std::string_view step_kind_name(StepKind kind);

// What a realtime message is to those who hear it.
enum class MessageKind : uint8_t {
  kData,
  kRun,          // a run began or ended (topic $run of the run's own channel)
  kStep,         // a step of a run was resolved (topic $step)
  kStreamStart,  // a chunk stream: begins, goes on, is over
  kChunk,
  kStreamEnd,
  kRaw,  // bytes as they came, for event streams (topic $stream)
};

// A message that is published; one of a step's body leaves after the commit that records the step.
struct Publication {
  std::string channel;
  std::string topic;
  std::string data;  // raw JSON; of kRaw, the bytes
  MessageKind kind = MessageKind::kData;
  std::string metadata;  // raw JSON, or empty
  std::string stream;    // the id of its chunk stream, or empty
};

// When a body ran, where that is another time than that of the call: several may run in one. By the
// clock of the app, which may be another.
struct BodyTime {
  Time began_at{};
  Duration took{};
};

// The body ran and returned `data` (raw JSON).
struct StepReturned {
  std::string data = "null";
  std::vector<Publication> publications;
  std::optional<BodyTime> ran;
};

// The body threw. `retry_after` replaces the backoff; not retriable ends the step now.
struct StepThrew {
  ErrorInfo error;
  bool retriable = true;
  std::optional<Duration> retry_after;
  std::vector<Publication> publications;
  std::optional<BodyTime> ran;
};

// The body is known but was not run: the engine is to call for it (parallel steps).
struct StepPlanned {};

// A step whose body is not the function's code but an HTTP request, which the driver makes when it
// is called for. `request` is raw JSON, in the driver's own words.
struct CallOut {
  StepKind kind = StepKind::kFetch;  // or kInfer
  std::string request = "{}";
};

// A moment, as code names it: a length of time from the registration of its op by the engine, or a
// point in time. Exactly one is set.
struct Deadline {
  std::optional<Duration> after;
  std::optional<Time> at;
};

// Negative and past deadlines are due at once.
struct Sleep {
  Deadline until;
};

// `expression` may be empty; it reads `event` (the run's trigger) and `async` (the incoming event).
struct WaitForEvent {
  std::string event;
  std::string expression;
  Deadline timeout;
};

enum class SignalConflict : uint8_t { kFail, kReplace };

struct WaitForSignal {
  std::string signal;
  SignalConflict on_conflict = SignalConflict::kFail;
  std::optional<Deadline> timeout;  // absent: a year
};

// Runs another function and waits for its result. `data` and `user` are raw JSON objects.
struct InvokeFunction {
  std::string function;
  std::string data = "{}";
  std::string user = "{}";
  std::string version;
  std::optional<Deadline> timeout;  // absent: a year
};

// Events to accept in the same transition as the step is recorded: sent exactly once.
struct SendEvents {
  std::vector<Event> events;  // `id` empty: none given; `ts` zero: now
};

struct StepOp {
  StepKey key;
  std::string id;  // as the user wrote it, for people
  std::variant<StepReturned, StepThrew, StepPlanned, Sleep, WaitForEvent, WaitForSignal,
               InvokeFunction, SendEvents, CallOut>
      body;
  // The newest memo that the code which made this op had seen, when the driver can tell; it decides
  // how far back a wait looks. Absent: the oldest of the memos that were new in the call.
  std::optional<StepKey> seen;
};

// The kind under which an op is recorded.
StepKind step_kind(const StepOp& op);

}  // namespace stepwell
