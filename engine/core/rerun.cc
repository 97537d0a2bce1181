// A run is done again as a new one, from its start or from one of its steps on.
//
//   from a step: what began before it is taken over as it ended; the step itself, and all that
//   began later, is done again. With other arguments for the step's body, that is called first.
#include <fmt/core.h>

#include <algorithm>

#include "engine/core/state.h"
#include "schema/json.h"

namespace stepwell::core {
namespace {

bool is_step_of_code(const StepRecord& step) {
  return step.kind != StepKind::kCancelOn;
}

bool is_named(const StepRecord& step, std::string_view name) {
  return is_step_of_code(step) && (step.id == name || step.key.to_string() == name);
}

std::string ids_of(const std::vector<StepRecord>& steps) {
  std::string ids;
  for (const StepRecord& step : steps) {
    if (!is_step_of_code(step)) continue;
    ids += fmt::format("{}\"{}\"", ids.empty() ? "" : ", ", step.id);
  }
  return ids.empty() ? "none" : ids;
}

Result<const StepRecord*> find_step(const storage::RunSnapshot& source, std::string_view name) {
  const auto is_it = [name](const StepRecord& step) { return is_named(step, name); };
  const auto found = std::find_if(source.steps.begin(), source.steps.end(), is_it);
  if (found == source.steps.end()) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("run {} has no step \"{}\"; its steps: {}", source.run.id.to_string(),
                             name, ids_of(source.steps))};
  }
  const auto another = std::find_if(found + 1, source.steps.end(), is_it);
  if (another != source.steps.end()) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("run {} has several steps \"{}\": name the one that is meant by its "
                             "key, such as {}",
                             source.run.id.to_string(), name, another->key.to_string())};
  }
  return &*found;
}

// As a step of the new run: nothing of it but how it ended.
StepRecord taken_over(const StepRecord& step, Time now) {
  StepRecord copy = step;
  copy.registered_at = now;
  copy.resolved_at = now;
  copy.due.reset();
  copy.base = 0;
  copy.attempts = 0;
  copy.resolved_event = 0;  // the event did nothing for the new run
  // Of a step that earlier versions recorded it is a request with its keys.
  if (has_body(step.kind)) copy.expression.clear();
  return copy;
}

Result<StepRecord> with_input(const StepRecord& step, DriverKind driver, std::string_view input) {
  if (step.kind != StepKind::kRun) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("step \"{}\" is none with a body, and takes no input", step.id)};
  }
  if (driver == DriverKind::kNative) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("step \"{}\" is a C++ step, which takes no input", step.id)};
  }
  const Result<JsonView> array = parse_json(input);
  if (!array || !array->is_array()) {
    return Error{ErrorCode::kInvalid,
                 "the input of a step is a JSON array: the arguments of its body"};
  }
  StepRecord planned;
  planned.key = step.key;
  planned.id = step.id;
  planned.kind = step.kind;
  planned.expression = std::string(input);
  return planned;
}

}  // namespace

Result<void> State::keep_steps(const RerunRun& input, NewRun& request) const {
  if (input.from_step.empty() && input.input.empty()) return {};
  const Result<const StepRecord*> from = find_step(*input.source, input.from_step);
  if (!from) return from.error();
  for (const StepRecord& step : input.source->steps) {
    const bool has_ended = step.state == StepState::kCompleted || step.state == StepState::kFailed;
    if (step.pos < (**from).pos && has_ended) request.memo.push_back(step);
  }
  std::sort(request.memo.begin(), request.memo.end(), [](const StepRecord& a, const StepRecord& b) {
    return a.resolved_pos < b.resolved_pos;
  });
  for (StepRecord& step : request.memo) step = taken_over(step, now_);
  if (input.input.empty()) return {};
  Result<StepRecord> planned = with_input(**from, request.function->config.driver, input.input);
  if (!planned) return planned.error();
  request.planned = std::move(*planned);
  return {};
}

void State::rerun_run(RerunRun input) {
  if (!input.source) {
    return refuse(input.request, ErrorCode::kNotFound,
                  fmt::format("there is no run {}", input.id.to_string()));
  }
  const storage::RunSnapshot& source = *input.source;
  Function* function = functions_.find(source.run.function.slug);
  if (function == nullptr || function->is_archived) {
    return refuse(input.request, ErrorCode::kConflict,
                  fmt::format("function \"{}\" of run {} is not registered any more",
                              source.run.function.slug, input.id.to_string()));
  }
  NewRun request{.source = NewRun::Source::kRerun,
                 .function = function,
                 .positions = source.run.events,
                 .rerun_of = source.run.rerun_of.value_or(source.run.id)};
  request.flow.batched_at = parse_run_flow(source.run.flow).batched_at;
  for (const EventRecord& event : source.events) request.events.push_back(event.event);
  if (const Result<void> kept = keep_steps(input, request); !kept) {
    return refuse(input.request, kept.error().code, kept.error().message);
  }
  answer_start(Answer{.request = input.request}, trigger(std::move(request)));
}

// What a new run takes over from the one that it does again.
void State::take_over(Run& run, NewRun& request) {
  for (StepRecord& step : request.memo) record_resolved(run, std::move(step));
  if (!request.planned) return;
  std::string input = request.planned->expression;
  const Position code_pos = code_pos_;
  code_pos_ = run.memory->memo.empty() ? run.no : run.memory->memo.back().resolved_pos;
  const PendingStep& step = record_pending(run, std::move(*request.planned));
  code_pos_ = code_pos;
  run.memory->requests.emplace(step.key, std::move(input));
  run.needs_discovery = false;  // the code has something new to see once that step has ended
}

}  // namespace stepwell::core
