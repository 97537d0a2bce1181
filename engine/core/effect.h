// Effects: everything that the engine does to the world. They happen after the commit of the batch
// in which they were computed, in order, and never if that commit failed.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "engine/core/call.h"
#include "engine/core/input.h"
#include "schema/run.h"

namespace stepwell::core {

// The answer to a request: an error, or what was asked for.
struct Answer {
  RequestId request = 0;
  std::optional<Error> error;
  std::vector<EventId> event_ids;  // AcceptEvents: the internal ids, in order
  std::optional<RunId> run;        // that was cancelled, started, resumed; with an error: is ending
  bool is_modified = false;        // RegisterFunctions: something differs from before
};

// Make this call on the driver of its function.
struct StartCall {
  DriverKind driver = DriverKind::kNative;
  Call call;
};

// Tell the driver to forget the run.
struct DropRun {
  DriverKind driver = DriverKind::kNative;
  RunNo run = 0;
};

// Read the run from the journal and submit RunLoaded.
struct LoadRun {
  RunNo run = 0;
};

// Read these events from the journal, see read_events(), and submit the answer.
struct ReadEvents {
  storage::FlowKind kind = storage::FlowKind::kDebounce;  // whose they are: kDebounce, kBatch
  Position no = 0;                                        // which of those
  std::vector<Position> events;
};

struct PublishedMessage : Publication {
  std::optional<RunId> run;  // who published it
  Position pos = 0;          // where it is recorded; 0: nowhere
};

// Hand these to the hub, in order.
struct Publish {
  std::vector<PublishedMessage> messages;
};

// A run reached its end: for whoever awaits it in process.
struct RunEnded {
  RunNo run = 0;
  RunId id;
  FunctionId function;
  RunStatus status = RunStatus::kCompleted;
  std::string output;              // raw JSON, when it completed
  std::optional<ErrorInfo> error;  // else
};

using Effect = std::variant<Answer, StartCall, DropRun, LoadRun, ReadEvents, Publish, RunEnded>;

// Does what the effect asks. An event that is damaged or gone is an error in its place; a failure
// of the result: read again.
Result<EventsRead> read_events(storage::JournalReader& reader, const ReadEvents& effect);

// What one input leads to: writes that belong together, and the effects that wait for them.
struct Transition {
  std::vector<storage::Record> writes;
  std::vector<Effect> effects;
};

}  // namespace stepwell::core
