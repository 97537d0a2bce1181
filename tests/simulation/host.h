// One machine: the engine's process, its journal, the drivers of its functions and the clients that
// talk to it. The process may die at any moment and start again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/pipeline.h"
#include "tests/simulation/audience.h"
#include "tests/simulation/checkers.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/medium.h"
#include "tests/simulation/program.h"
#include "tests/simulation/wire.h"
#include "tests/simulation/world.h"

namespace stepwell::sim {

// Where a process is to die.
struct CrashPoint {
  enum class Kind {
    kBeforeSubmit,   // the batch was sealed, the journal has not seen it
    kInFlightLost,   // while it is being written: it is not there after
    kInFlightKept,   // while it is being written: it is there after
    kBeforeEffects,  // it is durable and answered, nothing of it has happened
    kMidEffects,     // half of its effects have happened
    kRecoveryPage,   // `index` pages of the journal were read
  };
  int life = 0;  // which process, from 0
  Kind kind = Kind::kBeforeSubmit;
  int index = 0;    // which batch of that life, from 0
  int effects = 0;  // kMidEffects: how many happen before
};

std::string_view crash_kind_name(CrashPoint::Kind kind);

struct AppFunction {
  FunctionConfig config;
  Program program;
  bool checkpoints = false;  // code behind an endpoint tells of each step as it goes on
};

struct HostOptions {
  core::Settings settings;
  std::vector<CrashPoint> crashes;
  bool tells_seen = true;  // drivers name what an op's code had seen
  size_t page = 2;         // runs a page of recovery
  Duration commit_max = Duration(5);
  Duration delay_max = Duration(3);  // of calls, replies, look-ups
  Log log = Log::kNone;
  FaultRates faults;
  WireOptions wire;  // of functions behind HTTP
  // Until then fate strikes, and clients never give up; then everything heals. Zero: a scenario,
  // in which only its script and its crashes do harm.
  Duration faults_end{};
  // When a process dies, the seed decides whether the batch that it was writing survives.
  bool keeps_tails = false;
  // From then on functions are registered without their schedules, so that the world ends. Zero:
  // the script sees to it.
  Duration schedules_end{};
  int steps_max = 400'000;         // of the world: more means that it goes in circles
  int audit_all_each = 1;          // of so many crashes one has the whole journal looked at
  std::shared_ptr<Medium> medium;  // of the journal; nothing: memory
};

class Process;
class WireApp;

class Host {
 public:
  Host(uint64_t seed, HostOptions options, std::vector<AppFunction> functions);
  ~Host();

  // Which checkers judge what happens. Once, before play.
  void check(const CheckOptions& options) { add_all_checkers(ledger_, options); }

  // -- The script: what clients do. Each tries again until it has an answer. --------------------
  void send_at(Duration when, Event event);
  void send_all_at(Duration when, std::vector<Event> events);             // in one request
  void cancel_at(Duration when, std::string function, size_t which = 0);  // its which-th run
  void rerun_at(Duration when, std::string function, size_t which = 0);
  void invoke_at(Duration when, std::string function);
  void signal_at(Duration when, std::string signal, std::string data);
  void stop_at(Duration when);  // an orderly stop, and a start after
  void crash_at(Duration when);
  void fill_disk_at(Duration when, int commits);
  void jump_at(Duration when, Duration by);
  // Resumes it so long after the pause was acknowledged.
  void pause_at(Duration when, std::string function, Duration length);
  void register_at(Duration when, std::vector<std::string> functions);  // those only
  // Before the first start: registration waits so long after each start of the process.
  void register_late(Duration delay) { registration_delay_ = delay; }

  // Any run that there is then, chosen by `pick`; if there is none, nothing.
  void cancel_any_at(Duration when, uint64_t pick);
  void rerun_any_at(Duration when, uint64_t pick);
  // Adds a judge of its own; before play.
  void add_checker(std::unique_ptr<Checker> checker) { ledger_.add(std::move(checker)); }

  // What an app tells of a call while it works on it: the body of a checkpoint.
  void checkpoint(const RunId& run, const std::string& body,
                  std::function<void(const core::Answer&)> done);
  // The app in which all functions behind HTTP live.
  WireApp& app() { return *app_; }

  // Starts the process and lets the world go on until nothing happens any more.
  void play();

  // -- What came of it ------------------------------------------------------------------------
  const Ledger& ledger() const { return ledger_; }
  const std::vector<std::string>& messages() const { return messages_; }
  int lives() const { return life_count_; }
  Duration elapsed() const { return world_.elapsed(); }
  // Per life: how many effects each batch had, and how many pages its recovery read.
  const std::vector<std::vector<int>>& effects() const { return effects_; }
  const std::vector<int>& pages() const { return pages_; }
  int executions(const std::string& step) const;  // bodies started
  // Runs that somebody asked to cancel.
  const std::set<RunId>& cancel_requests() const { return cancel_requests_; }
  // Of the runs that are open: what would wake them, and their rows in the journal.
  std::vector<std::string> explain_open_runs() const;

 private:
  friend class Process;
  friend class SimDriver;
  friend class BodyRunner;
  friend class WireApp;
  friend class WireExecutor;
  friend class WireTransport;
  friend class WireLink;
  struct Request;

  void boot();
  void die(std::string_view why);
  void bury();
  bool is_hostile() const { return world_.elapsed() < options_.faults_end; }
  // Whether fate strikes now.
  bool strikes(double rate) { return rate > 0 && is_hostile() && fates_.chance(rate); }
  // Whether crashes that were planned still happen.
  bool crashes_happen() const { return options_.faults_end == Duration(0) || is_hostile(); }
  // The journal must hold what was committed. A batch whose outcome nobody knew is there or not;
  // `taken`: that is settled.
  void audit(Checker::Extent extent);
  void taken(const storage::Ownership& ownership);
  void check_batches(uint64_t found);
  bool is_alive(int life) const { return life_ != nullptr && life == life_count_ && !is_dying_; }
  std::vector<FunctionConfig> registered_functions(DriverKind driver) const;
  void register_now();
  void register_now(DriverKind driver, size_t drivers);
  const AppFunction& function_of(const FunctionId& function) const;
  void submit_request(const std::shared_ptr<Request>& request);
  void retry_request(const std::shared_ptr<Request>& request);
  void answered(const core::Answer& answer);
  void pause(const std::string& function, bool is_paused, std::function<void()> done);
  void script(Duration when, std::shared_ptr<Request> request);
  std::optional<RunId> nth_run(const std::string& function, size_t which) const;
  std::optional<RunId> any_run(uint64_t pick) const;
  // Tells of steps while their call is under way; `then` happens when that is durable.
  void record_progress(core::RecordProgress progress, std::function<void()> then);
  void cancel_answered(const RunId& run, const core::Answer& answer);
  void rerun_answered(const RunId& source, const core::Answer& answer);

  World world_;
  HostOptions options_;
  std::vector<AppFunction> functions_;
  std::set<std::string> registered_;
  Ledger ledger_;
  Audience audience_;
  std::shared_ptr<Medium> medium_;
  std::optional<storage::Batch> unknown_;  // its commit was answered so
  Random delays_;
  Random fates_;
  std::set<RunId> cancel_requests_;
  std::vector<std::string> messages_;
  std::map<std::string, int> executions_;
  std::map<core::RequestId, std::shared_ptr<Request>> outstanding_;
  core::RequestId last_request_ = 0;
  int last_nonce_ = 0;
  std::unique_ptr<WireApp> app_;
  Duration registration_delay_{};
  bool spare_next_start_ = false;  // the last one ended with a read that failed
  std::unique_ptr<Process> life_;
  bool is_dying_ = false;
  bool has_registered_ = false;
  std::set<DriverKind> registered_drivers_;
  int life_count_ = 0;
  int crash_count_ = 0;
  std::vector<std::vector<int>> effects_;
  std::vector<int> pages_;
};

}  // namespace stepwell::sim
