#include "api/sdk/call_body.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "api/server/record_json.h"
#include "schema/json.h"

namespace stepwell::sdk {
namespace {

// The result of a step, as SDKs know it (protocol.md §4.3).
void append_memo(JsonWriter& json, const core::MemoEntry& entry) {
  if (entry.state == StepState::kFailed) {
    const ErrorInfo error = entry.error.value_or(ErrorInfo{});
    json.begin_object().key("error").raw(error_json(error)).end_object();
    return;
  }
  switch (entry.kind) {
    case StepKind::kSleep:
    case StepKind::kWaitForEvent:
      json.raw(entry.data);
      return;
    case StepKind::kWaitForSignal:
      if (entry.data == "null") {
        json.null();
        return;
      }
      break;
    default:
      break;
  }
  json.begin_object()
      .key("data")
      .raw(entry.data.text().empty() ? "null" : entry.data.text())
      .end_object();
}

void append_steps(JsonWriter& json, const std::vector<core::MemoEntry>& memo,
                  const std::vector<StepInput>& inputs) {
  json.begin_object();
  for (const core::MemoEntry& entry : memo) {
    json.key(entry.key.to_string());
    append_memo(json, entry);
  }
  for (const StepInput& replaced : inputs) {
    json.key(replaced.key.to_string()).begin_object();
    json.key("input").raw(replaced.input).end_object();
  }
  json.end_object();
}

// Of the step that is called for.
std::vector<StepInput> inputs_of(const core::Call& call) {
  if (call.input.empty()) return {};
  return {{call.target, call.input}};
}

void append_context(JsonWriter& json, const core::Call& call, bool uses_api) {
  const std::string name = call_name(call.id);
  const bool is_step = call.kind == core::CallKind::kStep;
  json.begin_object().key("attempt").integer(call.attempt);
  // While something is pending, what the code finds new is to be planned, not run at once.
  json.key("disable_immediate_execution").boolean(is_step || !call.pending.empty());
  json.key("env").string("");
  // With an id of the function, v4 of the TypeScript SDK would checkpoint, and then take a step
  // with other arguments as finished.
  if (call.input.empty()) json.key("fn_id").string(server::uuid_of(call.run->function.slug));
  json.key("job_id").string(name).key("max_attempts").integer(call.max_attempts);
  json.key("qi_id").string(name).key("request_id").string(name);
  json.key("run_id").string(call.run->id.to_string());
  json.key("stack").begin_object().key("current").integer(static_cast<int64_t>(call.memo.size()));
  json.key("stack").begin_array();
  for (const core::MemoEntry& entry : call.memo) json.string(entry.key.to_string());
  json.end_array().end_object();
  json.key("step_id").string(is_step ? call.target.to_string() : "step");
  json.key("use_api").boolean(uses_api).end_object();
}

std::string body_of(const core::Call& call, bool uses_api) {
  const std::vector<Event>& events = call.run->events;
  Event first = events.front();
  if (uses_api) {
    first.data = "{}";
    first.user = "{}";
  }
  JsonWriter json;
  json.begin_object().key("ctx");
  append_context(json, call, uses_api);
  json.key("event").raw(event_json(first));
  json.key("events").raw(uses_api ? "[]" : events_json(events));
  json.key("steps");
  if (uses_api) {
    json.raw("{}");
  } else {
    append_steps(json, call.memo, inputs_of(call));
  }
  json.key("use_api").boolean(uses_api);
  json.key("version").integer(call.dialect == 0 ? -1 : call.dialect);
  return json.end_object().take();
}

// Go's SDK registers URLs with "step=step", the others with "stepId=step".
bool can_ask_for_state(const core::Call& call) {
  const std::string_view url = call.endpoint->url;
  return url.find("?step=") == std::string_view::npos &&
         url.find("&step=") == std::string_view::npos;
}

}  // namespace

std::string call_name(const core::CallId& id) {
  return fmt::format("{}.{}", id.epoch, id.number);
}

std::optional<core::CallId> parse_call_name(std::string_view name) {
  core::CallId id;
  const char* end = name.data() + name.size();
  const auto epoch = std::from_chars(name.data(), end, id.epoch);
  if (epoch.ec != std::errc() || epoch.ptr == end || *epoch.ptr != '.') return std::nullopt;
  const auto number = std::from_chars(epoch.ptr + 1, end, id.number);
  if (number.ec != std::errc() || number.ptr != end) return std::nullopt;
  return id;
}

std::string events_json(const std::vector<Event>& events) {
  JsonWriter json;
  json.begin_array();
  for (const Event& event : events) json.raw(event_json(event));
  return json.end_array().take();
}

std::string steps_json(const std::vector<core::MemoEntry>& memo,
                       const std::vector<StepInput>& inputs) {
  JsonWriter json;
  append_steps(json, memo, inputs);
  return json.take();
}

std::string call_body(const core::Call& call) {
  std::string body = body_of(call, false);
  if (body.size() > kCallBytesMax && can_ask_for_state(call)) body = body_of(call, true);
  return body;
}

std::vector<StepInput> inputs_of(const storage::RunSnapshot& run) {
  std::vector<StepInput> inputs;
  for (const StepRecord& step : run.steps) {
    const bool is_replaced = step.kind == StepKind::kRun && !step.expression.empty();
    if (is_replaced && step.state == StepState::kPending) {
      inputs.push_back({step.key, step.expression});
    }
  }
  return inputs;
}

std::vector<core::MemoEntry> memo_of(const storage::RunSnapshot& run) {
  std::vector<core::MemoEntry> memo;
  for (const StepRecord& step : run.steps) {
    if (step.state != StepState::kCompleted && step.state != StepState::kFailed) continue;
    memo.push_back(
        {step.key, step.id, step.kind, step.state, step.data, step.error, step.resolved_pos});
  }
  std::sort(memo.begin(), memo.end(),
            [](const auto& a, const auto& b) { return a.resolved_pos < b.resolved_pos; });
  return memo;
}

}  // namespace stepwell::sdk
