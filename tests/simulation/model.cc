#include "tests/simulation/model.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "schema/json.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;
using Kind = Statement::Kind;

// Errors that a run may get although its program asks for none of them.
bool is_of_transport(const ErrorInfo& error) {
  constexpr std::string_view kNames[] = {
      "NothingToWaitFor", "StepNotFound",    "Unable to reach SDK URL",       "connection_reset",
      "invalid_response", "request_timeout", "Server returned a fatal error",
  };
  return std::find(std::begin(kNames), std::end(kNames), error.name) != std::end(kNames);
}

struct Setting {
  const History& history;
  const RunRecord& run;
  const AppFunction& function;
  bool is_lossy = false;  // calls of it may fail by themselves

  int max_attempts() const { return std::clamp(function.config.retries, 0, kMaxRetries) + 1; }

  // The failed attempts of a step, or of the function's own code.
  std::vector<AttemptRecord> attempts(const std::optional<StepKey>& step) const {
    std::vector<AttemptRecord> found;
    auto of_run = history.attempts.find(run.no);
    if (of_run == history.attempts.end()) return found;
    for (const auto& [pos, attempt] : of_run->second) {
      if (attempt.step == step) found.push_back(attempt);
    }
    return found;
  }
};

// Whether a body that fails as the statement says may have got this result in the end.
bool may_body_end(const Setting& setting, const Statement& statement, const StepRecord& step) {
  int most = setting.max_attempts();
  std::vector<AttemptRecord> failed = setting.attempts(step.key);
  // An attempt that never reached the body, or whose answer was lost, is one that counts.
  for (const AttemptRecord& attempt : failed) {
    bool is_own = attempt.attempt < statement.count && !is_of_transport(attempt.error);
    if (!is_own && !(setting.is_lossy && is_of_transport(attempt.error))) return false;
    // What is not to be tried again is the last.
    if (is_own && !statement.is_retriable && attempt.pos != failed.back().pos) return false;
  }
  bool has_given_up =
      !statement.is_retriable && !failed.empty() && !is_of_transport(failed.back().error);
  if (has_given_up && step.state == StepState::kCompleted) return false;
  if (step.state == StepState::kCompleted) {
    return static_cast<int>(failed.size()) < most &&
           static_cast<int>(failed.size()) >= (statement.is_retriable ? statement.count : 0) &&
           (statement.is_retriable || statement.count == 0 || !failed.empty());
  }
  if (failed.empty()) return false;
  bool is_final = !statement.is_retriable && !is_of_transport(failed.back().error);
  return is_final || static_cast<int>(failed.size()) == most;
}

std::string text_of(const StepRecord& step) {
  if (step.state == StepState::kFailed) return "error:" + step.error.value_or(ErrorInfo{}).name;
  JsonView data = JsonView::trusted(step.data);
  switch (step.kind) {
    case StepKind::kWaitForEvent:
      return data.is_null() ? "timeout" : data.find("id")->as_string().value_or("?");
    case StepKind::kWaitForSignal:
      return data.is_null() ? "timeout" : std::string(data.find("data")->text());
    case StepKind::kInvoke:
      return step.data;
    default:
      return "ok";
  }
}

bool may_invocation_end(const Setting& setting, const Statement& statement,
                        const StepRecord& step) {
  const bool is_turned_away = step.invoked_run == 0 && step.state == StepState::kFailed &&
                              step.error &&
                              step.error->message.starts_with("could not invoke function: ");
  if (is_turned_away) return step.target == statement.target;
  const RunRecord* child = setting.history.find_run(step.invoked_run);
  if (step.target != statement.target) return false;
  // A debounce or a batch may start later than the invoker waits.
  if (child == nullptr) return step.error && step.error->name == "InngestInvokeTimeoutError";
  if (child->function.slug != statement.target) return false;
  if (step.state == StepState::kCompleted) return step.data == child->output;
  std::string name = step.error.value_or(ErrorInfo{}).name;
  if (name == "InngestInvokeTimeoutError") return true;
  return is_terminal(child->status) && child->status != RunStatus::kCompleted;
}

// Whether the program allows this end of one of its steps.
bool may_end(const Setting& setting, const Statement& statement, const StepRecord& step) {
  // There the app itself sends events and makes requests, in a body.
  const bool is_behind_http = setting.function.config.driver == DriverKind::kHttp;
  switch (statement.kind) {
    case Kind::kRun:
      return step.kind == StepKind::kRun && may_body_end(setting, statement, step);
    case Kind::kFetch:
      return step.kind == (is_behind_http ? StepKind::kRun : StepKind::kFetch) &&
             may_body_end(setting, statement, step);
    case Kind::kSleep:
      return step.kind == StepKind::kSleep && step.state == StepState::kCompleted;
    case Kind::kSend:
      if (is_behind_http) {
        return step.kind == StepKind::kRun && may_body_end(setting, statement, step);
      }
      return step.kind == StepKind::kSendEvent && step.state == StepState::kCompleted;
    case Kind::kSignal:
      return step.kind == StepKind::kWaitForSignal && step.target == statement.target;
    case Kind::kWait: {
      if (step.kind != StepKind::kWaitForEvent || step.target != statement.target) return false;
      if (step.resolved_event == 0) return text_of(step) == "timeout";
      auto event = setting.history.events.find(step.resolved_event);
      return event != setting.history.events.end() &&
             event->second.event.name == statement.target &&
             event->second.event.id == text_of(step);
    }
    case Kind::kInvoke:
      return step.kind == StepKind::kInvoke && may_invocation_end(setting, statement, step);
    default:
      return false;
  }
}

enum class Flow { kDone, kFailed, kReturned, kWrong };

// Reads an output beside the program that is to have made it.
class Reader {
 public:
  Reader(const Setting& setting, const std::string& output) : setting_(setting) {
    for (JsonElements it = JsonView::trusted(output).elements(); it.next();) {
      lines_.push_back(it.value().as_string().value_or(""));
    }
  }

  std::optional<std::string> judge() {
    Flow flow = read(setting_.function.program);
    if (flow == Flow::kWrong) return wrong_;
    if (flow == Flow::kFailed) return "a step failed, nobody caught it, and the run completed";
    if (next_ != lines_.size()) return "its output goes on after \"" + lines_[next_] + "\"";
    return std::nullopt;
  }

 private:
  Flow wrong(std::string what) {
    wrong_ = std::move(what);
    return Flow::kWrong;
  }

  Flow read(const Body& body) {
    for (const Statement& statement : body) {
      Flow flow = read(statement);
      if (flow != Flow::kDone) return flow;
    }
    return Flow::kDone;
  }

  Flow read(const Statement& statement) {
    switch (statement.kind) {
      case Kind::kParallel:
        return read_parallel(statement);
      case Kind::kRace:
        return read_race(statement);
      case Kind::kTry: {
        Flow flow = read(statement.branches[0]);
        if (flow != Flow::kFailed) return flow;
        if (!take("caught")) return wrong("a failure was not caught");
        return read(statement.branches[1]);
      }
      case Kind::kRepeat:
        for (int i = 0; i < statement.count; ++i) {
          Flow flow = read(statement.branches[0]);
          if (flow != Flow::kDone) return flow;
        }
        return Flow::kDone;
      case Kind::kThrow:
      case Kind::kStall: {
        int failed = static_cast<int>(setting_.attempts(std::nullopt).size());
        bool may_pass = !statement.is_retriable || statement.count < setting_.max_attempts();
        if (!may_pass || failed < statement.count) return wrong("it went past what throws");
        return Flow::kDone;
      }
      case Kind::kPublish:
        return Flow::kDone;
      case Kind::kReturn:
        return Flow::kReturned;
      default:
        return read_step(statement);
    }
  }

  Flow read_step(const Statement& statement) {
    int repeat = repeats_[statement.id]++;
    std::string id = repeat == 0 ? statement.id : fmt::format("{}:{}", statement.id, repeat);
    const StepRecord* step = setting_.history.find_step(setting_.run.no, StepKey::of(id));
    if (step == nullptr) return wrong("\"" + id + "\" is not recorded");
    if (!may_end(setting_, statement, *step)) {
      return wrong("\"" + id + "\" must not end as " + text_of(*step));
    }
    if (!take(id + "=" + text_of(*step))) return wrong("it does not show \"" + id + "\"");
    return step->state == StepState::kFailed ? Flow::kFailed : Flow::kDone;
  }

  // All branches end; the first that failed, in their order, decides.
  Flow read_parallel(const Statement& statement) {
    Flow result = Flow::kDone;
    for (const Body& branch : statement.branches) {
      Flow flow = read(branch);
      if (flow == Flow::kWrong || flow == Flow::kReturned) return flow;
      if (result == Flow::kDone) result = flow;
    }
    return result;
  }

  Flow read_race(const Statement& statement) {
    for (size_t i = 0; i < statement.branches.size(); ++i) {
      if (take(fmt::format("won:{}", i))) return read(statement.branches[i]);
    }
    return wrong("a race without a winner");
  }

  bool take(const std::string& line) {
    if (next_ == lines_.size() || lines_[next_] != line) return false;
    ++next_;
    return true;
  }

  const Setting& setting_;
  std::vector<std::string> lines_;
  size_t next_ = 0;
  std::map<std::string, int> repeats_;
  std::string wrong_;
};

// Looks for a statement; `caught`: whether a failure of it is caught.
template <typename Visit>
void visit_all(const Body& body, bool is_caught, const Visit& visit) {
  for (const Statement& statement : body) {
    visit(statement, is_caught);
    for (size_t i = 0; i < statement.branches.size(); ++i) {
      bool is_inside = statement.kind == Kind::kTry && i == 0;
      visit_all(statement.branches[i], is_caught || is_inside, visit);
    }
  }
}

}  // namespace

Model::Model(const std::vector<AppFunction>& functions, const ModelOptions& options)
    : functions_(functions), options_(options) {}

const AppFunction& Model::function_of(const FunctionId& id) const {
  auto found = std::find_if(functions_.begin(), functions_.end(),
                            [&](const AppFunction& known) { return known.config.id == id; });
  CHECK_INVARIANT(found != functions_.end(), "a function of the plan");
  return *found;
}

std::optional<std::string> Model::judge(const RunRecord& run, const History& history) const {
  const AppFunction& function = function_of(run.function);
  bool is_lossy = options_.has_lossy_calls && function.config.driver != DriverKind::kNative;
  Setting setting{history, run, function, is_lossy};
  if (run.status == RunStatus::kCompleted) return Reader(setting, run.output).judge();
  if (run.status == RunStatus::kFailed) return judge_failure(run, function, history);
  return std::nullopt;  // cancelled: whoever asked for it is known to S-10
}

std::optional<std::string> Model::judge_failure(const RunRecord& run, const AppFunction& function,
                                                const History& history) const {
  bool is_lossy = options_.has_lossy_calls && function.config.driver != DriverKind::kNative;
  Setting setting{history, run, function, is_lossy};
  ErrorInfo error = run.error.value_or(ErrorInfo{});
  std::vector<AttemptRecord> failed = setting.attempts(std::nullopt);
  bool is_spent = !failed.empty() && failed.back().attempt + 1 == setting.max_attempts();
  bool is_permitted = is_lossy && is_spent && is_of_transport(error);
  visit_all(function.program, false, [&](const Statement& statement, bool is_caught) {
    switch (statement.kind) {
      case Kind::kThrow:
      case Kind::kStall:
        if (statement.count > 0) is_permitted |= is_spent || !statement.is_retriable;
        break;
      case Kind::kSignal:
        is_permitted |=
            error.name == "SignalConflict" && statement.on_conflict == SignalConflict::kFail;
        break;
      default:
        if (is_caught || statement.id.empty()) break;
        // A step that failed, that nobody caught, and that may have failed.
        auto steps = history.steps.find(run.no);
        if (steps == history.steps.end()) break;
        for (const auto& [pos, step] : steps->second) {
          is_permitted |= step.id == statement.id && step.state == StepState::kFailed &&
                          step.error == run.error && may_end(setting, statement, step);
        }
    }
  });
  if (is_permitted) return std::nullopt;
  return fmt::format("it must not fail with {}: {}", error.name, error.message);
}

Duration Model::bound(const FunctionId& id) const {
  const AppFunction& function = function_of(id);
  Duration total =
      options_.pauses + 5min;  // of calls, commits, recoveries and suspects that are tried alone
  int attempts = std::clamp(function.config.retries, 0, kMaxRetries) + 1;
  // The delays of the backoff table up to the number of attempts here, with their jitter.
  Duration retries =
      options_.retry_interval ? *options_.retry_interval * attempts : attempts * 3min;
  total += retries;
  visit_all(function.program, false, [&](const Statement& statement, bool) {
    constexpr int kRepeatsMax = 9;  // repeats are at most three, and nest at most twice
    Duration once = statement.duration + attempts * (statement.takes + 8min) + 2 * retries;
    if (statement.retry_after) once += attempts * *statement.retry_after;
    if (statement.at) once += 24h;
    total += kRepeatsMax * once;
  });
  // Whoever waits for a slot or a throttle waits for other runs, and those for others.
  constexpr int kWaitersMax = 400;
  return options_.has_limits ? total * kWaitersMax : total;
}

namespace {

class ModelChecker : public Checker {
 public:
  ModelChecker(const Host& host, const std::vector<AppFunction>& functions,
               const ModelOptions& options, Time calm_since)
      : host_(host), model_(functions, options), calm_since_(calm_since) {
    for (const AppFunction& function : functions) {
      const FlowControl& flow = function.config.flow;
      const bool is_replaced = flow.singleton && flow.singleton->mode == SingletonMode::kCancel;
      const bool has_timeout = flow.start_timeout || flow.finish_timeout;
      if (!function.config.cancel_on.empty() || is_replaced || has_timeout) {
        stoppable_.insert(function.config.id.slug);
      }
      visit_all(function.program, false, [&](const Statement& statement, bool) {
        if (!statement.id.empty()) statements_.emplace(statement.id, &statement);
      });
    }
  }

  // A step that waits for a time waits for the one that its code has named.
  void before_batch(const storage::Batch& batch, const History&) override {
    for (const storage::Record& record : batch.records) {
      const auto* put = std::get_if<storage::PutStep>(&record);
      if (put == nullptr || put->step.state != StepState::kPending || !put->step.due) continue;
      auto statement = statements_.find(put->step.id);
      if (statement == statements_.end() || has_body(put->step.kind)) continue;
      const Statement& asked = *statement->second;
      if (*put->step.due != asked.at.value_or(put->step.registered_at + asked.duration)) {
        fail("S-8", fmt::format("\"{}\" of run {} is due at another time than its code asked for",
                                put->step.id, put->step.run));
      }
    }
  }

  void after_batch(const storage::Batch& batch, const History& history, Time now) override {
    for (const storage::Record& record : batch.records) {
      const auto* update = std::get_if<storage::UpdateRun>(&record);
      if (update == nullptr || !is_terminal(update->run.status)) continue;
      const RunRecord& run = history.runs.at(update->run.no);
      if (auto wrong = model_.judge(run, history)) {
        fail("S-5", fmt::format("run {} of {} {} {}: {}", run.no, run.function.slug,
                                run_status_name(run.status), run.output, *wrong));
      }
      const bool is_by_request = run.error && run.error->message == "cancelled by request";
      const bool is_wished = is_by_request ? host_.cancel_requests().contains(run.id)
                                           : stoppable_.contains(run.function.slug);
      if (run.status == RunStatus::kCancelled && !is_wished) {
        fail("S-5", fmt::format("run {} is cancelled, and nobody asked for it", run.no));
      }
      Time begin = std::max({run.created_at, run.start_at, calm_since_});
      if (now - begin > model_.bound(run.function)) {
        fail("S-6", fmt::format("run {} of {} took {} after all was well", run.no,
                                run.function.slug, format_duration(now - begin)));
      }
    }
  }

 private:
  const Host& host_;
  Model model_;
  Time calm_since_;
  std::set<std::string> stoppable_;
  std::map<std::string, const Statement*> statements_;
};

}  // namespace

std::unique_ptr<Checker> check_model(const Host& host, const std::vector<AppFunction>& functions,
                                     const ModelOptions& options, Time calm_since) {
  return std::make_unique<ModelChecker>(host, functions, options, calm_since);
}

}  // namespace stepwell::sim
