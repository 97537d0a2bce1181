// A run that nothing turned away: what is fixed for its life is evaluated, a singleton makes room
// or gives way, and the run begins.
//
//   (request) ──(a singleton of mode skip, and one is open)──► Skipped
//             ──(a singleton of mode cancel)──► the open one is cancelled, and the run begins
//             ──► the run begins: at once, or queued (limits.cc)
#include <fmt/core.h>

#include <algorithm>

#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

// How far a run may overtake, or fall behind (upstream's figures).
constexpr int64_t kPrioritySecondsMax = 43'200;

// Two limits may have the same key: what is wrong with it is said once for each option.
void note_fault(std::string_view field, const Error& error, RunFlow& flow) {
  std::string fault = fmt::format("{}: {}", field, error.message);
  if (std::find(flow.faults.begin(), flow.faults.end(), fault) != flow.faults.end()) return;
  flow.faults.push_back(std::move(fault));
}

// The value of a key for the run's life. What fails is seen with the run.
void evaluate_key(const KeyExpression& key, std::string_view field, std::string_view event_json,
                  Time now, RunFlow& flow) {
  if (key.empty()) return;
  std::optional<std::string>& place = flow.keys[key.text()];
  if (place) return;  // another option has the same key
  Result<KeyExpression::Value> value = key.evaluate(event_json, now);
  if (value) {
    place = std::move(value->text);
  } else {
    note_fault(field, value.error(), flow);
  }
}

// The events of a run that a debounce or a batch starts have one key, or all lack it.
void note_gathered(const KeyExpression& key, std::string_view field, std::string_view event_json,
                   Time now, RunFlow& flow) {
  const Result<KeyExpression::Value> value = key.evaluate(event_json, now);
  if (!value) note_fault(field, value.error(), flow);
}

std::string singleton_name(const Function& function, std::string_view key) {
  if (mutant("singleton-ignores-key")) key = "";
  return fmt::format("{}\n{}", function.config.id.slug, key);
}

}  // namespace

void State::evaluate_flow(NewRun& request) {
  const FlowKeys& keys = request.function->flow_keys;
  const FlowControl& flow = request.function->config.flow;
  RunFlow& known = request.flow;
  if (request.source == NewRun::Source::kDebounce) {
    note_gathered(keys.debounce, "debounce.key", request.json, now_, known);
  } else if (request.source == NewRun::Source::kBatch) {
    note_gathered(keys.batching, "batchEvents.key", request.json, now_, known);
  }
  for (const KeyExpression& key : keys.step_concurrency) {
    evaluate_key(key, "concurrency.key", request.json, now_, known);
  }
  for (const KeyExpression& key : keys.run_concurrency) {
    evaluate_key(key, "concurrency.fn.key", request.json, now_, known);
  }
  evaluate_key(keys.throttle, "throttle.key", request.json, now_, known);
  if (keys.priority) {
    const expr::Bindings bindings =
        expr::Bindings().set("event", JsonView::trusted(request.json)).at(now_);
    const std::optional<int64_t> seconds = keys.priority->whole_number(bindings);
    if (!seconds) known.faults.emplace_back("priority.run: it is no whole number");
    known.priority = std::clamp(seconds.value_or(0), -kPrioritySecondsMax, kPrioritySecondsMax);
  }
  if (!flow.singleton) return;
  Result<KeyExpression::Value> value = keys.singleton.evaluate(request.json, now_);
  if (!value) known.faults.push_back("singleton.key: " + value.error().message);
  // Without a key that can be read, all runs are one singleton; with a false one this run is none.
  if (!value || !value->is_false) known.singleton = value ? std::move(value->text) : "";
}

State::Started State::admit(NewRun request) {
  evaluate_flow(request);
  if (request.flow.singleton) {
    const auto open = singletons_.find(singleton_name(*request.function, *request.flow.singleton));
    const bool is_skipping = request.function->config.flow.singleton->mode == SingletonMode::kSkip;
    const bool is_ignored =
        is_skipping ? mutant("singleton-not-skipped") : mutant("singleton-not-cancelled");
    if (open != singletons_.end() && !is_ignored) {
      Run& current = runs_.at(open->second);
      if (is_skipping) {
        return skip_run(std::move(request), fmt::format("run {} of this singleton has not ended",
                                                        current.id.to_string()));
      }
      release_singleton(current);
      end_cancelled(current,
                    {.name = "Cancelled", .message = "cancelled by a newer run of this singleton"},
                    0);
    }
  }
  return start_run(std::move(request));
}

void State::hold_singleton(Run& run, const RunFlow& flow) {
  if (!flow.singleton) return;
  const bool may_be_two = mutant("singleton-not-skipped") || mutant("singleton-not-cancelled");
  if (may_be_two && singletons_.contains(singleton_name(*run.function, *flow.singleton))) return;
  const auto [place, is_new] =
      singletons_.try_emplace(singleton_name(*run.function, *flow.singleton), run.no);
  if (!is_new) {
    if (Run* before = find_run(place->second)) before->singleton = nullptr;
    place->second = run.no;
  }
  run.singleton = &place->first;
}

void State::release_singleton(Run& run) {
  if (run.singleton == nullptr) return;
  singletons_.erase(singletons_.find(*run.singleton));
  run.singleton = nullptr;
}

}  // namespace stepwell::core
