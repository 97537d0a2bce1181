#include "storage/sqlite/rows.h"

#include <fmt/core.h>

#include <cstring>

#include "storage/checksum.h"

namespace stepwell::storage {
namespace {

template <typename Bytes>
std::string_view view_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<int64_t> millis(const std::optional<Time>& time) {
  return time ? std::optional<int64_t>(to_millis(*time)) : std::nullopt;
}

std::optional<Time> time_of(std::optional<int64_t> millis) {
  return millis ? std::optional<Time>(from_millis(*millis)) : std::nullopt;
}

// False if the blob has another length, as only a damaged row has.
template <typename Bytes>
bool copy_bytes(std::string_view blob, Bytes& out) {
  if (blob.size() != out.size()) return false;
  std::memcpy(out.data(), blob.data(), blob.size());
  return true;
}

// Whether the number is one of a kind that there is, however many there are by now.
bool is_step_kind(int64_t number) {
  return number >= 1 && number <= UINT8_MAX &&
         step_kind_name(static_cast<StepKind>(number)) != "unknown";
}

std::string_view error_text(const std::optional<ErrorInfo>& error, std::string& scratch) {
  scratch = error ? error_json(*error) : std::string();
  return scratch;
}

std::optional<ErrorInfo> read_error(std::string_view json) {
  return json.empty() ? std::nullopt : std::optional<ErrorInfo>(parse_error_info(json));
}

Error corrupt(std::string_view table, uint64_t key) {
  return Error{ErrorCode::kCorrupt,
               fmt::format("row {} of table {} is damaged: its checksum or a value in it is wrong; "
                           "restore a backup",
                           key, table)};
}

uint32_t event_checksum(std::string_view id, std::string_view public_id, std::string_view name,
                        std::string_view version, std::string_view user, std::string_view data) {
  return Checksum().add(id).add(public_id).add(name).add(version).add(user).add(data).value();
}

// Without flow it is what rows had before there was any.
uint32_t run_checksum(const RunRecord& run) {
  Checksum checksum;
  checksum.add(view_of(run.id.ulid.bytes)).add(run.function.slug).add(run.event_id);
  if (!run.flow.empty()) checksum.add(run.flow);
  return checksum.value();
}

uint32_t flow_state_checksum(const FlowState& state) {
  return Checksum().add(state.key.function).add(state.key.key).add(state.data).value();
}

uint32_t step_checksum(std::string_view key, std::string_view id, std::string_view target,
                       std::string_view expression) {
  return Checksum().add(key).add(id).add(target).add(expression).value();
}

uint32_t payload_checksum(std::string_view error, std::string_view payload) {
  return Checksum().add(error).add(payload).value();
}

uint32_t message_checksum(const Publication& content, std::string_view run) {
  return Checksum()
      .add(content.channel)
      .add(content.topic)
      .add(run)
      .add(content.stream)
      .add(content.metadata)
      .add(content.data)
      .value();
}

uint32_t topic_checksum(const TopicRecord& topic) {
  return Checksum().add(topic.channel).add(topic.topic).add(topic.schema).value();
}

// The columns of a run that its updates replace.
void bind_run_state(Statement& statement, const RunRecord& run, std::string& scratch) {
  std::string_view error = error_text(run.error, scratch);
  statement.integer(static_cast<int>(run.status)).optional(millis(run.started_at));
  statement.optional(millis(run.ended_at)).position(run.ended_pos).integer(run.attempt);
  statement.optional(millis(run.retry_at)).integer(run.deaths).integer(run.deaths_alone);
  statement.position(run.deaths_pos).integer(run.dialect);
  statement.integer(payload_checksum(error, run.output));
  statement.text_or_null(error).text_or_null(run.output);
}

// The columns of a step that its updates replace.
void bind_step_state(Statement& statement, const StepRecord& step, std::string& scratch) {
  std::string_view error = error_text(step.error, scratch);
  statement.integer(static_cast<int>(step.state)).position(step.resolved_pos).position(step.base);
  statement.optional(millis(step.resolved_at)).optional(millis(step.due)).integer(step.attempts);
  statement.position(step.resolved_event).position(step.invoked_run);
  statement.integer(payload_checksum(error, step.data));
  statement.text_or_null(error).text_or_null(step.data);
}

}  // namespace

void bind_event(Statement& statement, const EventRecord& event, std::string& scratch) {
  const Event& content = event.event;
  scratch = event.id.to_string();
  bool is_own_id = !event.has_user_id && content.id == scratch;
  std::string_view public_id = is_own_id ? std::string_view() : std::string_view(content.id);
  std::string_view data = event.of_run == 0 ? std::string_view(content.data) : std::string_view();
  std::string_view id = view_of(event.id.ulid.bytes);
  statement.key(event.pos).blob(id);
  is_own_id ? statement.null() : statement.text(public_id);
  statement.integer(event.has_user_id).text(content.name).text_or_null(content.version);
  statement.integer(to_millis(content.ts)).integer(to_millis(event.received_at));
  statement.position(event.of_run);
  statement.integer(
      event_checksum(id, public_id, content.name, content.version, content.user, data));
  statement.text(content.user);
  event.of_run == 0 ? statement.text(data) : statement.null();
}

void bind_run(Statement& statement, const RunRecord& run, std::string& scratch) {
  std::string_view id = view_of(run.id.ulid.bytes);
  statement.key(run.no).blob(id).text(run.function.slug);
  statement.position(run.events.empty() ? 0 : run.events.front());
  statement.integer(static_cast<int64_t>(run.events.size())).text_or_null(run.event_id);
  statement.integer(to_millis(run.created_at)).integer(to_millis(run.start_at));
  if (run.invoked_by) {
    statement.position(run.invoked_by->run).blob(view_of(run.invoked_by->step.bytes));
  } else {
    statement.null().null();
  }
  run.rerun_of ? statement.blob(view_of(run.rerun_of->ulid.bytes)) : statement.null();
  statement.integer(static_cast<int64_t>(run.end_events))
      .text_or_null(run.flow)
      .integer(run_checksum(run));
  bind_run_state(statement, run, scratch);
}

void bind_run_update(Statement& statement, const RunRecord& run, std::string& scratch) {
  bind_run_state(statement, run, scratch);
  statement.key(run.no);
}

void bind_step(Statement& statement, const StepRecord& step, std::string& scratch) {
  std::string_view key = view_of(step.key.bytes);
  statement.key(step.pos).key(step.run).blob(key).text(step.id);
  statement.integer(static_cast<int>(step.kind)).integer(to_millis(step.registered_at));
  statement.text_or_null(step.target).text_or_null(step.expression);
  statement.integer(step_checksum(key, step.id, step.target, step.expression));
  bind_step_state(statement, step, scratch);
}

void bind_step_update(Statement& statement, const StepRecord& step, std::string& scratch) {
  bind_step_state(statement, step, scratch);
  statement.key(step.pos).key(step.run);
}

void bind_steps_drop(Statement& statement, const DropPendingSteps& drop) {
  statement.key(drop.pos).integer(to_millis(drop.at)).integer(payload_checksum("", ""));
  statement.key(drop.run);
}

void bind_attempt(Statement& statement, const AttemptRecord& attempt, std::string& scratch) {
  scratch = error_json(attempt.error);
  statement.key(attempt.pos).key(attempt.run);
  attempt.step ? statement.blob(view_of(attempt.step->bytes)) : statement.null();
  statement.integer(attempt.attempt).integer(to_millis(attempt.started_at));
  statement.integer(to_millis(attempt.ended_at)).optional(millis(attempt.retry_at));
  statement.integer(Checksum().add(scratch).value()).text(scratch);
}

void bind_function(Statement& statement, const PutFunction& put, std::string& scratch) {
  scratch = function_config_json(put.config);
  statement.text(put.config.id.slug).integer(static_cast<int64_t>(put.pos)).integer(put.archived);
  statement.integer(Checksum().add(scratch).value()).text(scratch);
}

void bind_flow_state(Statement& statement, const FlowState& state) {
  statement.text(state.key.function).integer(static_cast<int>(state.key.kind));
  statement.text(state.key.key).key(state.key.pos).integer(to_millis(state.at));
  statement.integer(flow_state_checksum(state)).text(state.data);
}

void bind_flow_state_drop(Statement& statement, const DropFlowState& drop) {
  statement.text(drop.function).integer(static_cast<int>(drop.kind)).text(drop.key);
  statement.key(drop.from).key(drop.up_to);
}

void bind_message(Statement& statement, const MessageRecord& message) {
  const Publication& content = message.content;
  std::string_view run = message.run ? view_of(message.run->ulid.bytes) : std::string_view();
  statement.key(message.pos).text(content.channel).text(content.topic);
  statement.integer(static_cast<int>(content.kind));
  message.run ? statement.blob(run) : statement.null();
  statement.integer(to_millis(message.created_at)).text_or_null(content.stream);
  statement.integer(message_checksum(content, run)).text_or_null(content.metadata);
  statement.blob(content.data);
}

void bind_topic(Statement& statement, const PutTopic& put) {
  statement.text(put.topic.channel).text(put.topic.topic).integer(static_cast<int64_t>(put.pos));
  statement.integer(topic_checksum(put.topic)).text(put.topic.schema);
}

Result<EventRecord> read_event(Statement& row) {
  EventRecord event;
  event.pos = row.read_position();
  bool is_sound = copy_bytes(row.read_text(), event.id.ulid.bytes);
  bool is_own_id = row.read_is_null();
  std::string_view public_id = row.read_text();
  event.has_user_id = row.read_integer() != 0;
  event.event.name = row.read_text();
  event.event.version = row.read_text();
  event.event.ts = from_millis(row.read_integer());
  event.received_at = from_millis(row.read_integer());
  event.of_run = row.read_position();
  auto checksum = static_cast<uint32_t>(row.read_integer());
  event.event.id = is_own_id ? event.id.to_string() : std::string(public_id);
  event.event.user = row.read_text();
  event.event.data = row.read_text();
  is_sound = is_sound &&
             checksum == event_checksum(view_of(event.id.ulid.bytes), public_id, event.event.name,
                                        event.event.version, event.event.user, event.event.data);
  if (!is_sound) return corrupt("events", event.pos);
  return event;
}

Result<RunRecord> read_run(Statement& row, size_t& event_count) {
  RunRecord run;
  run.no = row.read_position();
  bool is_sound = copy_bytes(row.read_text(), run.id.ulid.bytes);
  run.function.slug = row.read_text();
  if (Position event = row.read_position(); event != 0) run.events.push_back(event);
  event_count = static_cast<size_t>(row.read_integer());
  run.event_id = row.read_text();
  run.created_at = from_millis(row.read_integer());
  run.start_at = from_millis(row.read_integer());
  InvokedBy invoker{row.read_position(), {}};
  is_sound = (copy_bytes(row.read_text(), invoker.step.bytes) || invoker.run == 0) && is_sound;
  if (invoker.run != 0) run.invoked_by = invoker;
  if (std::string_view origin = row.read_text(); !origin.empty()) {
    is_sound = copy_bytes(origin, run.rerun_of.emplace().ulid.bytes) && is_sound;
  }
  const int64_t end_events = row.read_integer();
  is_sound = is_sound && end_events >= 0 && end_events <= 2;
  run.end_events = static_cast<EndEvents>(end_events);
  run.flow = row.read_text();
  auto fixed_checksum = static_cast<uint32_t>(row.read_integer());
  int64_t status = row.read_integer();
  is_sound = is_sound && status >= 1 && status <= 6;
  run.status = static_cast<RunStatus>(status);
  run.started_at = time_of(row.read_optional());
  run.ended_at = time_of(row.read_optional());
  run.ended_pos = row.read_position();
  run.attempt = static_cast<int>(row.read_integer());
  run.retry_at = time_of(row.read_optional());
  run.deaths = static_cast<int>(row.read_integer());
  run.deaths_alone = static_cast<int>(row.read_integer());
  run.deaths_pos = row.read_position();
  run.dialect = static_cast<int>(row.read_integer());
  auto checksum = static_cast<uint32_t>(row.read_integer());
  std::string_view error = row.read_text();
  std::string_view output = row.read_text();
  is_sound = is_sound && checksum == payload_checksum(error, output) &&
             fixed_checksum == run_checksum(run);
  if (!is_sound) return corrupt("runs", run.no);
  run.error = read_error(error);
  run.output = output;
  return run;
}

Result<StepRecord> read_step(Statement& row) {
  StepRecord step;
  step.pos = row.read_position();
  step.run = row.read_position();
  bool is_sound = copy_bytes(row.read_text(), step.key.bytes);
  step.id = row.read_text();
  int64_t kind = row.read_integer();
  step.registered_at = from_millis(row.read_integer());
  step.target = row.read_text();
  step.expression = row.read_text();
  auto fixed_checksum = static_cast<uint32_t>(row.read_integer());
  int64_t state = row.read_integer();
  is_sound = is_sound && is_step_kind(kind) && state >= 1 && state <= 4;
  step.kind = static_cast<StepKind>(kind);
  step.state = static_cast<StepState>(state);
  step.resolved_pos = row.read_position();
  step.base = row.read_position();
  step.resolved_at = time_of(row.read_optional());
  step.due = time_of(row.read_optional());
  step.attempts = static_cast<int>(row.read_integer());
  step.resolved_event = row.read_position();
  step.invoked_run = row.read_position();
  auto checksum = static_cast<uint32_t>(row.read_integer());
  std::string_view error = row.read_text();
  std::string_view data = row.read_text();
  is_sound = is_sound && checksum == payload_checksum(error, data) &&
             fixed_checksum ==
                 step_checksum(view_of(step.key.bytes), step.id, step.target, step.expression);
  if (!is_sound) return corrupt("steps", step.pos);
  step.error = read_error(error);
  step.data = data;
  return step;
}

Result<AttemptRecord> read_attempt(Statement& row) {
  AttemptRecord attempt;
  attempt.pos = row.read_position();
  attempt.run = row.read_position();
  bool is_sound = true;
  if (std::string_view step = row.read_text(); !step.empty()) {
    is_sound = copy_bytes(step, attempt.step.emplace().bytes);
  }
  attempt.attempt = static_cast<int>(row.read_integer());
  attempt.started_at = from_millis(row.read_integer());
  attempt.ended_at = from_millis(row.read_integer());
  attempt.retry_at = time_of(row.read_optional());
  auto checksum = static_cast<uint32_t>(row.read_integer());
  std::string_view error = row.read_text();
  if (!is_sound || checksum != Checksum().add(error).value()) {
    return corrupt("attempts", attempt.pos);
  }
  attempt.error = parse_error_info(error);
  return attempt;
}

Result<StoredFunction> read_function(Statement& row) {
  std::string id(row.read_text());
  bool is_archived = row.read_integer() != 0;
  auto checksum = static_cast<uint32_t>(row.read_integer());
  std::string_view json = row.read_text();
  if (checksum == Checksum().add(json).value()) {
    Result<FunctionConfig> config = parse_function_config(json);
    if (config && config->id.slug == id) return StoredFunction{std::move(*config), is_archived};
  }
  return Error{
      ErrorCode::kCorrupt,
      fmt::format("function \"{}\" is damaged: its checksum or its text is wrong; restore a "
                  "backup",
                  id)};
}

Result<FlowState> read_flow_state(Statement& row) {
  FlowState state;
  state.key.function = row.read_text();
  const int64_t kind = row.read_integer();
  state.key.kind = static_cast<FlowKind>(kind);
  state.key.key = row.read_text();
  state.key.pos = row.read_position();
  state.at = from_millis(row.read_integer());
  auto checksum = static_cast<uint32_t>(row.read_integer());
  state.data = row.read_text();
  const bool is_known = kind >= 1 && kind <= static_cast<int>(FlowKind::kPaused);
  if (is_known && checksum == flow_state_checksum(state)) return state;
  return Error{ErrorCode::kCorrupt,
               fmt::format("a flow state of function \"{}\" is damaged: its checksum is wrong",
                           state.key.function)};
}

Result<MessageRecord> read_message(Statement& row) {
  MessageRecord message;
  Publication& content = message.content;
  message.pos = row.read_position();
  content.channel = row.read_text();
  content.topic = row.read_text();
  const int64_t kind = row.read_integer();
  bool is_sound = kind >= 0 && kind <= static_cast<int>(MessageKind::kRaw);
  content.kind = static_cast<MessageKind>(kind);
  const std::string run(row.read_text());
  if (!run.empty()) is_sound = copy_bytes(run, message.run.emplace().ulid.bytes) && is_sound;
  message.created_at = from_millis(row.read_integer());
  content.stream = row.read_text();
  const auto checksum = static_cast<uint32_t>(row.read_integer());
  content.metadata = row.read_text();
  content.data = row.read_text();
  if (!is_sound || checksum != message_checksum(content, run)) {
    return corrupt("messages", message.pos);
  }
  return message;
}

Result<TopicRecord> read_topic(Statement& row) {
  TopicRecord topic;
  topic.channel = row.read_text();
  topic.topic = row.read_text();
  const auto checksum = static_cast<uint32_t>(row.read_integer());
  topic.schema = row.read_text();
  if (checksum == topic_checksum(topic)) return topic;
  return Error{ErrorCode::kCorrupt,
               fmt::format("topic \"{}\" of channel \"{}\" is damaged: its checksum is wrong; "
                           "restore a backup",
                           topic.topic, topic.channel)};
}

}  // namespace stepwell::storage
