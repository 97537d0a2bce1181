#include "tests/simulation/host.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/sdk/run_routes.h"
#include "tests/simulation/process.h"
#include "tests/simulation/wire_app.h"

namespace stepwell::sim {
namespace {

constexpr int kTriesMax = 400;  // of a client
constexpr Duration kClientPause(40);
constexpr Duration kRestartPause(20);

}  // namespace

// What a client wants; it asks again until it knows.
struct Host::Request {
  std::string what;
  std::function<std::optional<core::Input>(core::RequestId)> make;  // nothing: not possible yet
  std::function<void(const core::Answer&)> done;
  int tries = 0;
  bool is_registration = false;  // clients wait until there was one
};

std::string_view crash_kind_name(CrashPoint::Kind kind) {
  using Kind = CrashPoint::Kind;
  switch (kind) {
    case Kind::kBeforeSubmit:
      return "before-submit";
    case Kind::kInFlightLost:
      return "in-flight-lost";
    case Kind::kInFlightKept:
      return "in-flight-kept";
    case Kind::kBeforeEffects:
      return "before-effects";
    case Kind::kMidEffects:
      return "mid-effects";
    case Kind::kRecoveryPage:
      return "recovery-page";
  }
  return "?";
}

Host::Host(uint64_t seed, HostOptions options, std::vector<AppFunction> functions)
    : world_(seed),
      options_(std::move(options)),
      functions_(std::move(functions)),
      ledger_([this] { return world_.now(); }, options_.log),
      audience_(ledger_, world_.random("audience"), options_.settings),
      medium_(options_.medium ? options_.medium : memory_medium()),
      delays_(world_.random("delays")),
      fates_(world_.random("fates")),
      app_(std::make_unique<WireApp>(*this)) {
  for (const AppFunction& function : functions_) registered_.insert(function.config.id.slug);
}

Host::~Host() = default;

void Host::play() {
  boot();
  if (options_.schedules_end > Duration(0)) {
    world_.after(options_.schedules_end, [this] { register_now(); });
  }
  int steps = 0;
  while (world_.step()) {
    if (life_ && medium_->has_lost_power()) die("without power");
    if (is_dying_) bury();
    if (life_) life_->inspect();
    if (++steps == options_.steps_max) {
      ledger_.fail("S-6", "the world goes in circles");
      break;
    }
    if (!ledger_.violations().empty()) break;  // what follows would only repeat it
  }
  if (life_) life_->inspect_all();
  audit(Checker::Extent::kEverything);
  audience_.ended(world_.now());
  if (ledger_.violations().empty()) ledger_.ended();
  for (const auto& [id, request] : outstanding_) {
    if (ledger_.violations().empty()) ledger_.fail("S-6", "no answer ever to: " + request->what);
  }
}

void Host::boot() {
  ++life_count_;
  is_dying_ = false;
  life_ = std::make_unique<Process>(*this, life_count_);
  life_->start();
}

// The process ends when the thing at hand is done; until then it is deaf and dumb.
void Host::die(std::string_view why) {
  if (is_dying_) return;
  is_dying_ = true;
  ledger_.note("process {} ends {}", life_count_, why);
}

void Host::bury() {
  ledger_.crashed();  // an orderly stop ends bodies too
  std::optional<storage::Batch> torn = life_->take_unfinished_batch();
  life_.reset();
  audience_.process_ends();
  if (torn && options_.keeps_tails && fates_.chance(0.5)) {
    storage::CommitOutcome outcome = medium_->journal().commit(*torn).outcome;
    if (outcome == storage::CommitOutcome::kCommitted) ledger_.batch_durable(*torn);
  }
  medium_->crash();
  audit(++crash_count_ % options_.audit_all_each == 0 ? Checker::Extent::kEverything
                                                      : Checker::Extent::kChanges);
  std::map<core::RequestId, std::shared_ptr<Request>> cut_off = std::exchange(outstanding_, {});
  for (auto& [id, request] : cut_off) retry_request(request);
  world_.after(kRestartPause, [this] { boot(); });
  is_dying_ = false;
}

void Host::audit(Checker::Extent extent) {
  Result<Medium::Content> content = medium_->examine();
  if (!content) return ledger_.fail("S-2", "the journal is lost: " + content.error().message);
  // Whether a batch whose outcome nobody knows is there may still change until somebody has
  // taken the journal: then it counts.
  bool may_change = unknown_ && content->batches == ledger_.history().seq + 1;
  if (may_change) return;
  check_batches(content->batches);
  ledger_.audit(*content->reader, extent);
}

void Host::check_batches(uint64_t found) {
  const uint64_t known = ledger_.history().seq;
  if (found == known) return;
  ledger_.fail("S-2", fmt::format("the journal holds {} batches, not {}", found, known));
}

void Host::taken(const storage::Ownership& ownership) {
  if (unknown_ && ownership.next_seq == ledger_.history().seq + 1) {
    ledger_.batch_durable(*unknown_);
  }
  unknown_.reset();
  check_batches(ownership.next_seq);
}

std::vector<FunctionConfig> Host::registered_functions(DriverKind driver) const {
  std::vector<FunctionConfig> configs;
  for (const AppFunction& function : functions_) {
    if (function.config.driver != driver || !registered_.contains(function.config.id.slug))
      continue;
    configs.push_back(function.config);
    if (options_.schedules_end == Duration(0) || world_.elapsed() < options_.schedules_end)
      continue;
    std::erase_if(configs.back().triggers,
                  [](const Trigger& trigger) { return !trigger.cron.empty(); });
  }
  return configs;
}

const AppFunction& Host::function_of(const FunctionId& function) const {
  auto found = std::find_if(functions_.begin(), functions_.end(),
                            [&](const AppFunction& known) { return known.config.id == function; });
  CHECK_INVARIANT(found != functions_.end(), "a function of the scenario");
  return *found;
}

int Host::executions(const std::string& step) const {
  auto found = executions_.find(step);
  return found == executions_.end() ? 0 : found->second;
}

std::optional<RunId> Host::nth_run(const std::string& function, size_t which) const {
  for (const auto& [no, run] : ledger_.history().runs) {
    if (run.function.slug == function && which-- == 0) return run.id;
  }
  return std::nullopt;
}

// -- Requests -------------------------------------------------------------------------------------

void Host::script(Duration when, std::shared_ptr<Request> request) {
  world_.after(std::max(when - world_.elapsed(), Duration(0)),
               [this, request = std::move(request)] { submit_request(request); });
}

void Host::submit_request(const std::shared_ptr<Request>& request) {
  bool is_taken = life_ != nullptr && life_->serves() && !is_dying_;
  if (!is_taken || (!request->is_registration && !has_registered_)) return retry_request(request);
  core::RequestId id = ++last_request_;
  std::optional<core::Input> input = request->make(id);
  if (!input) return retry_request(request);
  ledger_.note("request {}: {}", id, request->what);
  outstanding_.emplace(id, request);
  life_->submit(std::move(*input));
}

void Host::retry_request(const std::shared_ptr<Request>& request) {
  if (!is_hostile() && ++request->tries > kTriesMax) {
    return ledger_.fail("S-6", "no answer to: " + request->what);
  }
  world_.after(kClientPause, [this, request] { submit_request(request); });
}

void Host::answered(const core::Answer& answer) {
  auto found = outstanding_.find(answer.request);
  if (found == outstanding_.end()) {
    return ledger_.fail("G9", fmt::format("a second answer to request {}", answer.request));
  }
  std::shared_ptr<Request> request = found->second;
  outstanding_.erase(found);
  ledger_.note("answer {}: {}", answer.request, answer.error ? answer.error->message : "ok");
  bool is_passing = answer.error && (answer.error->code == ErrorCode::kUnavailable ||
                                     answer.error->code == ErrorCode::kIo);
  if (is_passing) return retry_request(request);
  request->done(answer);
}

void Host::send_at(Duration when, Event event) {
  send_all_at(when, {std::move(event)});
}

void Host::send_all_at(Duration when, std::vector<Event> events) {
  auto request = std::make_shared<Request>();
  request->what = "send " + events.front().name;
  request->make = [events](core::RequestId id) {
    core::AcceptEvents input{.request = id};
    for (const Event& event : events) input.events.push_back({.event = event});
    return core::Input(std::move(input));
  };
  request->done = [this, events = std::move(events)](const core::Answer& answer) {
    if (!answer.error) ledger_.events_acked({events, answer.event_ids});
  };
  script(when, std::move(request));
}

void Host::cancel_at(Duration when, std::string function, size_t which) {
  auto request = std::make_shared<Request>();
  request->what = "cancel a run of " + function;
  request->make = [this, function, which](core::RequestId id) -> std::optional<core::Input> {
    std::optional<RunId> run = nth_run(function, which);
    if (!run) return std::nullopt;
    return core::CancelRun{.request = id, .id = *run};
  };
  request->done = [this, function, which](const core::Answer& answer) {
    cancel_answered(*nth_run(function, which), answer);
  };
  script(when, std::move(request));
}

void Host::cancel_answered(const RunId& run, const core::Answer& answer) {
  if (!answer.error) return ledger_.cancel_acked(answer.run.value_or(RunId{}));
  if (answer.error->code == ErrorCode::kNotFound) return ledger_.run_denied(run);
  // Refused: because it had ended otherwise, or because the journal could not be read.
  if (answer.error->code != ErrorCode::kConflict) return;
  const History& history = ledger_.history();
  RunStatus status = history.runs.at(history.run_by_id.at(run)).status;
  if (!is_terminal(status) || status == RunStatus::kCancelled) {
    ledger_.fail("S-10", "a cancellation is refused: " + answer.error->message);
  }
}

std::optional<RunId> Host::any_run(uint64_t pick) const {
  const auto& runs = ledger_.history().run_numbers;
  if (runs.empty()) return std::nullopt;
  return ledger_.history().runs.at(runs[pick % runs.size()]).id;
}

void Host::cancel_any_at(Duration when, uint64_t pick) {
  world_.after(std::max(when - world_.elapsed(), Duration(0)), [this, pick] {
    std::optional<RunId> run = any_run(pick);
    if (!run) return;
    cancel_requests_.insert(*run);
    auto request = std::make_shared<Request>();
    request->what = "cancel " + run->to_string();
    request->make = [run](core::RequestId id) {
      return core::Input(core::CancelRun{.request = id, .id = *run});
    };
    request->done = [this, run](const core::Answer& answer) { cancel_answered(*run, answer); };
    submit_request(request);
  });
}

void Host::rerun_any_at(Duration when, uint64_t pick) {
  world_.after(std::max(when - world_.elapsed(), Duration(0)), [this, pick] {
    std::optional<RunId> run = any_run(pick);
    if (!run) return;
    auto request = std::make_shared<Request>();
    request->what = "rerun " + run->to_string();
    request->make = [run](core::RequestId id) {
      return core::Input(core::RerunRun{.request = id, .id = *run});
    };
    request->done = [this, run](const core::Answer& answer) { rerun_answered(*run, answer); };
    submit_request(request);
  });
}

// Refused: a function that is not there any more, a singleton, a rate limit.
void Host::rerun_answered(const RunId& source, const core::Answer& answer) {
  if (answer.run) ledger_.run_told(*answer.run);
  if (answer.error && answer.error->code == ErrorCode::kNotFound) ledger_.run_denied(source);
}

std::vector<std::string> Host::explain_open_runs() const {
  std::vector<std::string> lines;
  const History& history = ledger_.history();
  for (const auto& [no, run] : history.runs) {
    if (is_terminal(run.status)) continue;
    lines.push_back(fmt::format("run {} of {} is {}: {}", no, run.function.slug,
                                run_status_name(run.status),
                                life_ ? life_->why_it_waits(run.id) : "no process lives"));
    auto steps = history.steps.find(no);
    if (steps == history.steps.end()) continue;
    for (const auto& [pos, step] : steps->second) {
      lines.push_back(fmt::format("  step {} \"{}\" at {}: state {}, resolved {}, due {}",
                                  step_kind_name(step.kind), step.id, pos,
                                  static_cast<int>(step.state), step.resolved_pos,
                                  step.due ? format_rfc3339(*step.due) : "never"));
    }
  }
  return lines;
}

void Host::register_now() {
  std::set<DriverKind> drivers;
  for (const AppFunction& function : functions_) drivers.insert(function.config.driver);
  for (DriverKind driver : drivers) register_now(driver, drivers.size());
}

void Host::register_now(DriverKind driver, size_t drivers) {
  auto request = std::make_shared<Request>();
  request->what = "register functions";
  request->is_registration = true;
  request->make = [this, driver](core::RequestId id) {
    return core::Input(core::RegisterFunctions{
        .request = id, .app = "app", .functions = registered_functions(driver), .driver = driver});
  };
  request->done = [this, driver, drivers](const core::Answer& answer) {
    if (answer.error) ledger_.fail("G9", "functions are refused: " + answer.error->message);
    registered_drivers_.insert(driver);
    has_registered_ = has_registered_ || registered_drivers_.size() == drivers;
  };
  submit_request(request);
}

void Host::rerun_at(Duration when, std::string function, size_t which) {
  auto request = std::make_shared<Request>();
  request->what = "rerun a run of " + function;
  request->make = [this, function, which](core::RequestId id) -> std::optional<core::Input> {
    std::optional<RunId> run = nth_run(function, which);
    if (!run) return std::nullopt;
    return core::RerunRun{.request = id, .id = *run};
  };
  request->done = [this, function, which](const core::Answer& answer) {
    rerun_answered(*nth_run(function, which), answer);
  };
  script(when, std::move(request));
}

void Host::invoke_at(Duration when, std::string function) {
  auto request = std::make_shared<Request>();
  request->what = "invoke " + function;
  request->make = [function](core::RequestId id) {
    return core::Input(core::InvokeDirectly{.request = id, .function = {function}});
  };
  request->done = [this](const core::Answer& answer) {
    if (answer.run) ledger_.run_told(*answer.run);
    if (answer.error) return;
    Event sent;
    sent.name = kFunctionInvoked;
    ledger_.events_acked({{std::move(sent)}, answer.event_ids});
  };
  script(when, std::move(request));
}

void Host::signal_at(Duration when, std::string signal, std::string data) {
  auto request = std::make_shared<Request>();
  request->what = "signal " + signal;
  auto fact = std::make_shared<SignalFact>(SignalFact{signal, data, 0});
  request->make = [this, fact](core::RequestId id) {
    fact->sent_at = ledger_.history().last_pos;
    ledger_.signal_sent(*fact);
    return core::Input(core::SendSignal{.request = id, .signal = fact->signal, .data = fact->data});
  };
  request->done = [this, fact](const core::Answer& answer) {
    const bool is_refused = answer.error && answer.error->code == ErrorCode::kNotFound;
    if (!answer.error || is_refused) ledger_.signal_answered(*fact, !is_refused);
    if (answer.run) ledger_.run_told(*answer.run);
  };
  script(when, std::move(request));
}

void Host::checkpoint(const RunId& run, const std::string& body,
                      std::function<void(const core::Answer&)> done) {
  auto request = std::make_shared<Request>();
  request->what = "checkpoint of " + run.to_string();
  request->make = [this, run, body](core::RequestId id) -> std::optional<core::Input> {
    Result<core::RecordProgress> progress = sdk::parse_checkpoint(run.to_string(), body);
    if (!progress) {
      ledger_.fail("wire", "a checkpoint is refused: " + progress.error().message);
      return std::nullopt;
    }
    progress->request = id;
    return core::Input(std::move(*progress));
  };
  request->done = std::move(done);
  submit_request(request);
}

// -- Things that happen to the machine ------------------------------------------------------------

void Host::stop_at(Duration when) {
  world_.after(when, [this] {
    if (life_ && !is_dying_) life_->stop_in_order();
  });
}

void Host::crash_at(Duration when) {
  world_.after(when, [this] {
    if (life_) die("at a random moment");
  });
}

void Host::fill_disk_at(Duration when, int commits) {
  world_.after(when, [this, commits] { medium_->fill(commits); });
}

void Host::jump_at(Duration when, Duration by) {
  world_.after(when, [this, by] {
    ledger_.clock_jumps();
    world_.jump(by);
    if (life_) life_->clock_jumped();
  });
}

void Host::pause(const std::string& function, bool is_paused, std::function<void()> done) {
  auto request = std::make_shared<Request>();
  request->what = (is_paused ? "pause " : "resume ") + function;
  request->make = [function, is_paused](core::RequestId id) {
    return core::Input(
        core::PauseFunction{.request = id, .function = {function}, .is_paused = is_paused});
  };
  request->done = [done](const core::Answer&) { done(); };
  submit_request(request);
}

void Host::pause_at(Duration when, std::string function, Duration length) {
  world_.after(when, [this, function, length] {
    pause(function, true, [this, function, length] {
      world_.after(length, [this, function] { pause(function, false, [] {}); });
    });
  });
}

void Host::register_at(Duration when, std::vector<std::string> functions) {
  world_.after(when, [this, functions] {
    registered_ = {functions.begin(), functions.end()};
    register_now();
  });
}

}  // namespace stepwell::sim
