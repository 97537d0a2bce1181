// Records as rows: the columns of each table, in the order in which they are bound and read, with
// their checksums. The SQL of the journal's writes is here too, beside what it binds.
#pragma once

#include <string>

#include "schema/result.h"
#include "storage/journal.h"
#include "storage/sqlite/database.h"

namespace stepwell::storage {

namespace sql {

inline constexpr char kInsertEvent[] =
    "INSERT INTO events (pos, id, public_id, has_user_id, name, version, ts, received_at, of_run,"
    " crc, user, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

inline constexpr char kInsertRun[] =
    "INSERT INTO runs (no, id, function, event, event_count, event_id, created_at, start_at,"
    " invoker_run, invoker_step, rerun_of, is_quiet, flow, fixed_crc, status, started_at, ended_at,"
    " ended_pos, attempt, retry_at, deaths, deaths_alone, deaths_pos, dialect, result_crc, error,"
    " output)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING";

inline constexpr char kInsertRunEvent[] =
    "INSERT INTO run_events (run, place, event) VALUES (?, ?, ?)";

// 1 and 2 are open (RunStatus).
inline constexpr char kUpdateRun[] =
    "UPDATE runs SET status = ?, started_at = ?, ended_at = ?, ended_pos = ?, attempt = ?,"
    " retry_at = ?, deaths = ?, deaths_alone = ?, deaths_pos = ?, dialect = ?, result_crc = ?,"
    " error = ?, output = ? WHERE no = ? AND status < 3";

inline constexpr char kInsertStep[] =
    "INSERT INTO steps (pos, run, key, id, kind, registered_at, target, expression, fixed_crc,"
    " state, resolved_pos, base, resolved_at, due, attempts, resolved_event, invoked_run, memo_crc,"
    " error, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING";

// 1 is pending (StepState).
inline constexpr char kUpdateStep[] =
    "UPDATE steps SET state = ?, resolved_pos = ?, base = ?, resolved_at = ?, due = ?,"
    " attempts = ?, resolved_event = ?, invoked_run = ?, memo_crc = ?, error = ?, data = ?"
    " WHERE pos = ? AND run = ? AND state = 1";

// 4 is dropped.
inline constexpr char kDropPendingSteps[] =
    "UPDATE steps SET state = 4, resolved_pos = ?, resolved_at = ?, memo_crc = ?, error = NULL,"
    " data = NULL WHERE run = ? AND state = 1";

inline constexpr char kInsertAttempt[] =
    "INSERT INTO attempts (pos, run, step, attempt, started_at, ended_at, retry_at, crc, error)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

inline constexpr char kPutFunction[] =
    "INSERT INTO functions (id, pos, is_archived, crc, config) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET pos = excluded.pos, is_archived = excluded.is_archived,"
    " crc = excluded.crc, config = excluded.config";

inline constexpr char kPutFlowState[] =
    "INSERT INTO flow_states (function, kind, key, pos, at, crc, data)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (function, kind, key, pos)"
    " DO UPDATE SET at = excluded.at, crc = excluded.crc, data = excluded.data";

inline constexpr char kDropFlowState[] =
    "DELETE FROM flow_states WHERE function = ? AND kind = ? AND key = ? AND pos BETWEEN ? AND ?";

inline constexpr char kInsertMessage[] =
    "INSERT INTO messages (pos, channel, topic, kind, run, created_at, stream, crc, metadata, data)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

inline constexpr char kDropMessages[] = "DELETE FROM messages WHERE pos <= ?";
inline constexpr char kRememberDropped[] =
    "UPDATE message_history SET dropped_through = max(dropped_through, ?) WHERE shard = 0";

inline constexpr char kPutTopic[] =
    "INSERT INTO topics (channel, topic, pos, crc, schema) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (channel, topic) DO UPDATE SET pos = excluded.pos, crc = excluded.crc,"
    " schema = excluded.schema";
inline constexpr char kDropTopic[] = "DELETE FROM topics WHERE channel = ? AND topic = ?";

}  // namespace sql

// What read_… expects a SELECT to give, in this order.
inline constexpr char kEventColumns[] =
    "pos, id, public_id, has_user_id, name, version, ts, received_at, of_run, crc, user, data";
inline constexpr char kRunColumns[] =
    "no, id, function, event, event_count, event_id, created_at, start_at, invoker_run,"
    " invoker_step, rerun_of, is_quiet, flow, fixed_crc, status, started_at, ended_at, ended_pos,"
    " attempt, retry_at, deaths, deaths_alone, deaths_pos, dialect, result_crc, error, output";
inline constexpr char kStepColumns[] =
    "pos, run, key, id, kind, registered_at, target, expression, fixed_crc, state, resolved_pos,"
    " base, resolved_at, due, attempts, resolved_event, invoked_run, memo_crc, error, data";
inline constexpr char kAttemptColumns[] =
    "pos, run, step, attempt, started_at, ended_at, retry_at, crc, error";
inline constexpr char kFunctionColumns[] = "id, is_archived, crc, config";
inline constexpr char kFlowStateColumns[] = "function, kind, key, pos, at, crc, data";
inline constexpr char kMessageColumns[] =
    "pos, channel, topic, kind, run, created_at, stream, crc, metadata, data";
inline constexpr char kTopicColumns[] = "channel, topic, crc, schema";

// Bind a record to the statement of the same name. The record and `scratch` (which holds what is
// built for the binding) must stay until the statement has run.
void bind_event(Statement& statement, const EventRecord& event, std::string& scratch);
void bind_run(Statement& statement, const RunRecord& run, std::string& scratch);
void bind_run_update(Statement& statement, const RunRecord& run, std::string& scratch);
void bind_step(Statement& statement, const StepRecord& step, std::string& scratch);
void bind_step_update(Statement& statement, const StepRecord& step, std::string& scratch);
void bind_steps_drop(Statement& statement, const DropPendingSteps& drop);
void bind_attempt(Statement& statement, const AttemptRecord& attempt, std::string& scratch);
void bind_function(Statement& statement, const PutFunction& put, std::string& scratch);
void bind_flow_state(Statement& statement, const FlowState& state);
void bind_flow_state_drop(Statement& statement, const DropFlowState& drop);
void bind_message(Statement& statement, const MessageRecord& message);
void bind_topic(Statement& statement, const PutTopic& put);

// Read the row that the statement stands on. kCorrupt, naming the row, if its checksum or a value
// in it is wrong. read_event leaves the data of an event made by the end of a run empty; read_run
// reads the first event only and says in `event_count` how many there are.
Result<EventRecord> read_event(Statement& row);
Result<RunRecord> read_run(Statement& row, size_t& event_count);
Result<StepRecord> read_step(Statement& row);
Result<AttemptRecord> read_attempt(Statement& row);
Result<StoredFunction> read_function(Statement& row);
Result<FlowState> read_flow_state(Statement& row);
Result<MessageRecord> read_message(Statement& row);
Result<TopicRecord> read_topic(Statement& row);

}  // namespace stepwell::storage
