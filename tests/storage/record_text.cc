#include "tests/storage/record_text.h"

#include <fmt/core.h>

namespace stepwell::storage {
namespace {

std::string time_text(const std::optional<Time>& time) {
  return time ? std::to_string(to_millis(*time)) : "-";
}

std::string error_text(const std::optional<ErrorInfo>& error) {
  return error ? error_json(*error) : "-";
}

template <typename Numbers>
std::string numbers_text(const Numbers& numbers) {
  std::string text = "[";
  for (auto number : numbers) text += fmt::format(" {}", number);
  return text + " ]";
}

}  // namespace

std::string text_of(const EventRecord& event) {
  const Event& content = event.event;
  return fmt::format(
      "event {} {} user_id={} received={} of_run={} {} v={}", event.pos, event.id.to_string(),
      event.has_user_id, to_millis(event.received_at), event.of_run,
      event_json({content.name, content.id, content.data.empty() ? "null" : content.data,
                  content.user, content.version, content.ts}),
      content.version);
}

std::string text_of(const RunRecord& run) {
  std::string invoker =
      run.invoked_by ? fmt::format("{}/{}", run.invoked_by->run, run.invoked_by->step.to_string())
                     : "-";
  return fmt::format(
      "run {} {} {} {} events={} event_id={} created={} start={} started={} ended={}@{} output={} "
      "error={} invoked_by={} rerun_of={} quiet={} flow={} attempt={} retry={} deaths={}/{}@{} "
      "dialect={}",
      run.no, run.id.to_string(), run.function.slug, run_status_name(run.status),
      numbers_text(run.events), run.event_id, to_millis(run.created_at), to_millis(run.start_at),
      time_text(run.started_at), time_text(run.ended_at), run.ended_pos, run.output,
      error_text(run.error), invoker, run.rerun_of ? run.rerun_of->to_string() : "-",
      static_cast<int>(run.end_events), run.flow, run.attempt, time_text(run.retry_at), run.deaths,
      run.deaths_alone, run.deaths_pos, run.dialect);
}

std::string text_of(const StepRecord& step) {
  return fmt::format(
      "step {} of {} {} id={} kind={} state={} resolved={}@{} base={} registered={} due={} "
      "attempts={} target={} expression={} data={} error={} event={} invoked={}",
      step.pos, step.run, step.key.to_string(), step.id, static_cast<int>(step.kind),
      static_cast<int>(step.state), time_text(step.resolved_at), step.resolved_pos, step.base,
      to_millis(step.registered_at), time_text(step.due), step.attempts, step.target,
      step.expression, step.data, error_text(step.error), step.resolved_event, step.invoked_run);
}

std::string text_of(const AttemptRecord& attempt) {
  return fmt::format("attempt {} of {} step={} n={} {}..{} error={} retry={}", attempt.pos,
                     attempt.run, attempt.step ? attempt.step->to_string() : "-", attempt.attempt,
                     to_millis(attempt.started_at), to_millis(attempt.ended_at),
                     error_json(attempt.error), time_text(attempt.retry_at));
}

std::string text_of(const StoredFunction& function) {
  return fmt::format("function {} archived={}", function_config_json(function.config),
                     function.archived);
}

std::string text_of(const FlowState& state) {
  return fmt::format("flow state {} of {} key={} pos={} at={} data={}",
                     static_cast<int>(state.key.kind), state.key.function, state.key.key,
                     state.key.pos, to_millis(state.at), state.data);
}

std::string text_of(const OpenRun& open) {
  return fmt::format("{}\n{}last_resolved={} last_record={}", text_of(open.run),
                     text_of(open.pending), open.last_resolved, open.last_record);
}

std::string text_of(const RunSnapshot& snapshot) {
  return fmt::format("{}\n{}{}{}as_of={}", text_of(snapshot.run), text_of(snapshot.events),
                     text_of(snapshot.steps), text_of(snapshot.attempts), snapshot.as_of_seq);
}

std::string text_of(const EventHistory& history) {
  std::string started;
  for (const EventHistory::Started& each : history.started) {
    started += fmt::format(" {}:{}:{}", each.function.slug, each.run, each.event);
  }
  std::string resumed;
  for (const EventHistory::Resumed& each : history.resumed) {
    resumed += fmt::format(" {}:{}", each.run, each.event);
  }
  std::string copies;
  for (const EventHistory::Copy& each : history.copies) {
    copies += fmt::format(" {}:{}", each.pos, each.event);
  }
  return fmt::format("copies=[{} ] started=[{} ] resumed=[{} ]", copies, started, resumed);
}

std::string text_of(const MessageRecord& message) {
  const Publication& content = message.content;
  return fmt::format("message {} {}/{} kind={} run={} at={} stream={} metadata={} data={}",
                     message.pos, content.channel, content.topic, static_cast<int>(content.kind),
                     message.run ? message.run->to_string() : "-", time_text(message.created_at),
                     content.stream, content.metadata, content.data);
}

std::string text_of(const MessagePage& page) {
  return fmt::format("dropped through {}\n{}", page.dropped_through, text_of(page.messages));
}

std::string text_of(const TopicRecord& topic) {
  return fmt::format("topic {}/{} {}", topic.channel, topic.topic, topic.schema);
}

std::string text_of(const JournalStats& stats) {
  return fmt::format("events={} runs={} open={} pending={}", stats.events, stats.runs,
                     stats.open_runs, stats.pending_steps);
}

}  // namespace stepwell::storage
