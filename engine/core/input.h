// Inputs: everything that can happen to the engine. Each is one step of the state machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/core/call.h"
#include "schema/function_config.h"
#include "storage/journal.h"

namespace stepwell::core {

// Who waits for the answer to an input; 0: nobody. Chosen by whoever submits it.
using RequestId = uint64_t;

// Events to accept, in order. `history` is the result of the look-up for each event that carries an
// id (see lookups_of); others have an empty one.
struct AcceptEvents {
  struct Item {
    Event event;                    // `id` empty: none was given; `ts` zero: now
    std::optional<EventId> seeded;  // internal id made from the sender's seed
    storage::EventHistory history;
  };
  RequestId request = 0;
  std::vector<Item> events;
};

// The functions that an app has behind one driver, all of them: those that it had there and that
// are missing now are archived.
struct RegisterFunctions {
  RequestId request = 0;
  std::string app;
  std::vector<FunctionConfig> functions;
  DriverKind driver = DriverKind::kNative;
};

// A driver's answer to a call. `histories`: look-ups for the events of SendEvents ops with ids, in
// the order in which they stand in the reply.
struct CallReplied {
  Reply reply;
  std::vector<storage::EventHistory> histories;
};

// Steps that the code of a kFunction call has run, recorded while it goes on (the SDK protocol's
// checkpointing). Refused with kConflict when `call` is not the run's call any more.
struct RecordProgress {
  RequestId request = 0;
  RunId run;
  CallId call;
  std::vector<StepOp> ops;  // StepReturned
};

// `ended`: the look-up's result when the run is not open.
struct CancelRun {
  RequestId request = 0;
  RunId id;
  std::optional<RunRecord> ended;
};

struct SendSignal {
  RequestId request = 0;
  std::string signal;
  std::string data = "null";  // raw JSON
};

// A new run with the events of another, ended or not.
struct RerunRun {
  RequestId request = 0;
  RunId id;
  // The step from which on it is run again, by its id as the user wrote it or by its key: the
  // results of those that began before it are taken over. Empty: from the start.
  std::string from_step;
  // Other arguments for that step's body, a JSON array. Empty: those that the code gives.
  std::string input;
  std::optional<storage::RunSnapshot> source;  // the look-up's result; absent: no such run
};

// Runs a function directly: by a person or a program, not by a step.
struct InvokeDirectly {
  RequestId request = 0;
  FunctionId function;
  Event event;  // name and id are the engine's business; data, user and ts count
  // Of invocations of the function with one key only the first starts a run, for as long as ids of
  // events count; the others are refused with kConflict. Empty: none.
  std::string idempotency_key;
  storage::EventHistory history;  // the look-up's result for the key
};

// The id of the event with which a function is invoked under a key: it is remembered as a sender's.
std::string invocation_id(const FunctionId& function, std::string_view idempotency_key);

// Pauses a function, or resumes it. The answer says whether that changed anything.
struct PauseFunction {
  RequestId request = 0;
  FunctionId function;
  bool is_paused = true;
};

// Messages from outside of runs. `request` is answered when their batch is complete.
struct PublishMessages {
  RequestId request = 0;
  std::optional<RunId> run;  // published by this run's code, outside of its steps
  std::vector<Publication> messages;
};

// The schemas of topics; an empty one takes it away. All are registered, or none.
struct RegisterTopics {
  RequestId request = 0;
  std::vector<TopicRecord> topics;
  bool of_process = false;  // they hold while this process runs, and are not recorded
};

// The answer to the effect LoadRun.
struct RunLoaded {
  RunNo run = 0;
  Result<storage::RunSnapshot> snapshot = Error{};
};

// The answer to the effect ReadEvents. `histories`: the look-up for each event that was read and
// has its sender's id, in the order of the events.
struct EventsRead {
  struct Item {
    Position pos = 0;
    Result<EventRecord> event = Error{};  // kCorrupt: what is stored of it is damaged
  };
  storage::FlowKind kind = storage::FlowKind::kDebounce;
  Position no = 0;
  std::vector<Item> events;
  std::vector<storage::EventHistory> histories;
};

// The alarm went off: whatever is due fires.
struct TimePassed {};

using Input = std::variant<AcceptEvents, RegisterFunctions, CallReplied, CancelRun, SendSignal,
                           RerunRun, InvokeDirectly, PublishMessages, RunLoaded, EventsRead,
                           TimePassed, RecordProgress, RegisterTopics, PauseFunction>;

// Inputs that are admitted while the disk is full: they free something or end something.
bool is_essential(const Input& input);

// What an input needs from the journal before it can be applied.
struct Lookup {
  std::vector<std::string> event_ids;  // event_history of each
  std::optional<RunId> run;            // find_run, or load_run when `whole_run`
  bool whole_run = false;
  bool empty() const { return event_ids.empty() && !run; }
};

struct LookupResult {
  std::vector<storage::EventHistory> histories;  // as many as event_ids
  std::optional<RunRecord> run;
  std::optional<storage::RunSnapshot> snapshot;
};

// Reads it. `since`: how far back ids of events count.
Result<LookupResult> look_up(storage::JournalReader& reader, const Lookup& lookup, Time since);

// Puts a look-up's result into the input that asked for it.
void attach(Input& input, LookupResult result);

// How far back event ids are remembered, per function (upstream's window).
inline constexpr Duration kDeduplicationWindow = std::chrono::hours(24);

}  // namespace stepwell::core
