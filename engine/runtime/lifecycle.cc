#include "engine/runtime/lifecycle.h"

#include <map>
#include <utility>

#include "schema/json.h"

namespace stepwell::runtime {
namespace {

std::string_view status_of(const RunRecord& run) {
  switch (run.status) {
    case RunStatus::kScheduled:
      return run.start_at > run.created_at ? "scheduled" : "running";
    case RunStatus::kRunning:
      return "running";
    case RunStatus::kCompleted:
      return "completed";
    case RunStatus::kFailed:
      return "failed";
    case RunStatus::kCancelled:
      return "cancelled";
    case RunStatus::kSkipped:
      return "skipped";
  }
  return "running";
}

void append_data(JsonWriter& json, std::string_view key, const std::string& data) {
  if (data.size() > kLifecycleDataMax) {
    json.key("omitted").boolean(true);
  } else {
    json.key(key).raw(data.empty() ? "null" : data);
  }
}

void append_error(JsonWriter& json, const ErrorInfo& error) {
  json.key("error").begin_object().key("name").string(error.name);
  json.key("message").string(error.message).end_object();
}

core::PublishedMessage message_of(const RunRecord& run) {
  JsonWriter json;
  json.begin_object().key("status").string(status_of(run));
  json.key("function").string(run.function.slug);
  if (run.status == RunStatus::kCompleted) append_data(json, "result", run.output);
  if (run.error) append_error(json, *run.error);
  core::PublishedMessage message;
  message.kind = MessageKind::kRun;
  message.channel = run.id.to_string();
  message.topic = "$run";
  message.data = json.end_object().take();
  message.run = run.id;
  return message;
}

core::PublishedMessage message_of(const StepRecord& step, const RunId& run) {
  JsonWriter json;
  json.begin_object().key("id").string(step.id).key("op").string(step_kind_name(step.kind));
  json.key("status").string(step.state == StepState::kFailed ? "failed" : "completed");
  if (step.error) {
    append_error(json, *step.error);
  } else {
    append_data(json, "data", step.data);
  }
  core::PublishedMessage message;
  message.kind = MessageKind::kStep;
  message.channel = run.to_string();
  message.topic = "$step";
  message.data = json.end_object().take();
  message.run = run;
  return message;
}

bool is_resolved(const StepRecord& step) {
  return step.state == StepState::kCompleted || step.state == StepState::kFailed;
}

}  // namespace

std::vector<core::PublishedMessage> lifecycle_of(
    const storage::Batch& batch, const std::function<std::optional<RunId>(RunNo)>& id_of) {
  std::map<RunNo, RunId> of_batch;
  for (const storage::Record& record : batch.records) {
    if (const auto* put = std::get_if<storage::PutRun>(&record)) {
      of_batch.emplace(put->run.no, put->run.id);
    }
    if (const auto* update = std::get_if<storage::UpdateRun>(&record)) {
      of_batch.emplace(update->run.no, update->run.id);
    }
  }
  std::vector<core::PublishedMessage> messages;
  const auto add_step = [&](const StepRecord& step) {
    if (!is_resolved(step)) return;
    const auto found = of_batch.find(step.run);
    const std::optional<RunId> run = found != of_batch.end() ? found->second : id_of(step.run);
    if (run) messages.push_back(message_of(step, *run));
  };
  for (const storage::Record& record : batch.records) {
    if (const auto* put = std::get_if<storage::PutStep>(&record)) add_step(put->step);
    if (const auto* update = std::get_if<storage::UpdateStep>(&record)) add_step(update->step);
    if (const auto* put = std::get_if<storage::PutRun>(&record)) {
      messages.push_back(message_of(put->run));
    }
    const auto* update = std::get_if<storage::UpdateRun>(&record);
    if (update != nullptr && is_terminal(update->run.status)) {
      messages.push_back(message_of(update->run));
    }
  }
  return messages;
}

}  // namespace stepwell::runtime
