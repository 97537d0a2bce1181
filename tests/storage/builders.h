// Records for tests, whole and plausible; a test changes what it is about.
#pragma once

#include <string>

#include "storage/records.h"

namespace stepwell::storage {

// A moment `millis` after a fixed start.
Time at(int64_t millis);

EventId event_id(Position pos);
RunId run_id(RunNo no);
StepKey step_key(std::string_view id);

EventRecord make_event(Position pos, std::string name = "test/thing");
// With a sender's id.
EventRecord make_sent_event(Position pos, std::string user_id);
// Of function "app-fn"; triggered by `event`, if not zero.
RunRecord make_run(RunNo no, Position event = 0);
// The same run, ended.
RunRecord ended(RunRecord run, RunStatus status, Position pos);
// A step that is completed at once.
StepRecord make_step(Position pos, RunNo run, std::string_view id);
// A step that waits for the event "test/answer" until at(60'000).
StepRecord make_wait(Position pos, RunNo run, std::string_view id);
// The same step, resolved by `event`.
StepRecord resolved(StepRecord step, Position pos, Position event);
AttemptRecord make_attempt(Position pos, RunNo run, int attempt = 0);
FunctionConfig make_function(std::string slug);
MessageRecord make_message(Position pos, std::string channel = "room");

}  // namespace stepwell::storage
