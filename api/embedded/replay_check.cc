#include "api/embedded/replay_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "engine/native/run_frame.h"
#include "schema/json.h"

namespace stepwell::detail {
namespace {

constexpr std::array kKinds = {StepKind::kRun,           StepKind::kSleep,  StepKind::kWaitForEvent,
                               StepKind::kWaitForSignal, StepKind::kInvoke, StepKind::kSendEvent};

std::string step_line(const StepRecord& step) {
  JsonWriter line;
  line.begin_object().key("id").string(step.id).key("kind").string(step_kind_name(step.kind));
  if (step.state == StepState::kCompleted) line.key("data").raw(step.data);
  if (step.state == StepState::kFailed) line.key("error").raw(error_json(*step.error));
  return line.end_object().take();
}

// What a journal's text holds.
struct OldRun {
  core::RunContext context;
  std::vector<core::MemoEntry> memo;
  std::vector<core::RegisteredStep> registered;
  std::vector<std::string> registered_ids;
  std::optional<std::string> output;
};

std::string text_of(const JsonView& object, std::string_view member) {
  auto value = object.find(member);
  return value ? value->as_string().value_or("") : "";
}

Event event_of(const JsonView& json) {
  Event event;
  event.name = text_of(json, "name");
  event.id = text_of(json, "id");
  event.version = text_of(json, "v");
  if (auto data = json.find("data")) event.data = data->text();
  if (auto user = json.find("user")) event.user = user->text();
  if (auto ts = json.find("ts")) event.ts = from_millis(ts->as_int64().value_or(0));
  return event;
}

void add_step(OldRun& run, const JsonView& line) {
  std::string id = text_of(line, "id");
  std::string kind = text_of(line, "kind");
  auto found = std::find_if(kKinds.begin(), kKinds.end(),
                            [&](StepKind each) { return step_kind_name(each) == kind; });
  if (found == kKinds.end()) throw std::logic_error("the journal has a step of kind " + kind);
  StepKey key = StepKey::of(id);
  auto data = line.find("data");
  auto error = line.find("error");
  if (!data && !error) {
    run.registered.push_back({key, *found});
    run.registered_ids.push_back(std::move(id));
    return;
  }
  core::MemoEntry entry{.key = key, .id = std::move(id), .kind = *found};
  if (data) entry.data = std::string(data->text());
  if (error) {
    entry.state = StepState::kFailed;
    entry.error = parse_error_info(error->text());
  }
  entry.resolved_pos = run.memo.size() + 1;
  run.memo.push_back(std::move(entry));
}

OldRun read_journal(std::string_view text) {
  Result<JsonView> json = parse_json(text);
  if (!json) throw std::logic_error("the text is no journal: " + json.error().message);
  auto event = json->find("event");
  auto steps = json->find("steps");
  if (!event || !steps) throw std::logic_error("the text is no journal of a run");
  OldRun run;
  run.context.id = RunId::parse(text_of(*json, "run")).value_or(RunId{});
  run.context.events.push_back(event_of(*event));
  for (JsonElements it = steps->elements(); it.next();) add_step(run, it.value());
  if (auto output = json->find("output")) run.output = std::string(output->text());
  return run;
}

std::string end_of(const native::Outcome& outcome) {
  if (const auto* returned = std::get_if<core::Returned>(&outcome)) {
    return "returns " + returned->output;
  }
  const ErrorInfo& error = std::get<core::Threw>(outcome).error;
  return error.name == "NonDeterminismError" ? error.message
                                             : "throws " + error.name + ": " + error.message;
}

void compare_end(RunFrame& frame, const OldRun& run, std::vector<std::string>& differences) {
  if (!frame.outcome()) {
    if (run.output) differences.push_back("the run has returned, the code now goes on");
    return;
  }
  const auto* returned = std::get_if<core::Returned>(&*frame.outcome());
  if (returned != nullptr && run.output == returned->output) return;
  std::string before = run.output ? "the run returned " + *run.output : "the run went on";
  differences.push_back(before + ", the code now: " + end_of(*frame.outcome()));
}

}  // namespace

std::string journal_text(const storage::RunSnapshot& snapshot) {
  std::vector<StepRecord> steps;
  for (const StepRecord& step : snapshot.steps) {
    if (step.kind != StepKind::kCancelOn) steps.push_back(step);
  }
  // In the order in which the code has seen them; what is pending comes last.
  std::stable_sort(steps.begin(), steps.end(), [](const StepRecord& a, const StepRecord& b) {
    return a.resolved_pos - 1 < b.resolved_pos - 1;
  });
  std::string text =
      fmt::format("{{\"function\":{},\"run\":{},\"status\":{},\n\"event\":{},\n\"steps\":[",
                  json_quote(snapshot.run.function.slug), json_quote(snapshot.run.id.to_string()),
                  json_quote(run_status_name(snapshot.run.status)),
                  snapshot.events.empty() ? "{}" : event_json(snapshot.events.front().event));
  for (size_t i = 0; i < steps.size(); ++i) text += (i == 0 ? "\n" : ",\n") + step_line(steps[i]);
  text += "]";
  if (snapshot.run.status == RunStatus::kCompleted) {
    text += ",\n\"output\":" + snapshot.run.output;
  }
  return text + "}\n";
}

std::vector<std::string> check_replay(const native::RegisteredFunction& function,
                                      std::string_view journal) {
  OldRun run = read_journal(journal);
  std::vector<std::string> differences;
  native::Warn warn = [&](const std::string&, const std::string& text) {
    differences.push_back(text);
  };
  RunFrame frame(std::make_shared<core::RunContext>(run.context),
                 {.code = *function.code, .warn = warn, .stubs = function.stubs});
  frame.add(run.memo, run.registered);
  frame.advance();
  compare_end(frame, run, differences);
  for (const AwaitedStep* step : frame.take_new_steps()) {
    differences.push_back("the code now asks for step \"" + step->full_id +
                          "\", which is not recorded");
  }
  if (frame.outcome()) return differences;
  for (size_t i = 0; i < run.registered.size(); ++i) {
    if (!frame.has_met(run.registered[i].key)) {
      differences.push_back("the run waits at step \"" + run.registered_ids[i] +
                            "\", the code does not come to it");
    }
  }
  return differences;
}

}  // namespace stepwell::detail
