#include "tests/simulation/process.h"

#include <fmt/core.h>

#include <type_traits>

#include "engine/core/state.h"

namespace stepwell::sim {
namespace {

using storage::CommitOutcome;
using storage::CommitResult;

// The core checks all of itself once in so many transitions, and always while it is small.
constexpr uint64_t kInspectAllEach = 256;
constexpr size_t kOpenRunsInspectedAlways = 1;
constexpr Duration kProbePause = std::chrono::seconds(1);
constexpr Duration kStall = std::chrono::seconds(20);  // of a commit that fate makes slow
constexpr uint64_t kFullCommitsMax = 6;                // in a row that find no room
constexpr double kIdleChance = 0.25;
constexpr Duration kReadPause = std::chrono::seconds(1);  // after a read that failed

template <typename T>
std::optional<Error> error_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error());
}

}  // namespace

Process::Process(Host& host, int number)
    : host_(host),
      number_(number),
      driver_(host, *this),
      link_(host, *this,
            [this](core::Reply reply, Duration) { driver_.answer(std::move(reply)); }) {
  for (const CrashPoint& point : host.options_.crashes) {
    if (point.life == number - 1) crash_ = &point;
  }
  host_.effects_.emplace_back();
  host_.pages_.push_back(0);
}

void Process::later(Duration delay, std::function<void()> thing) {
  host_.world_.after(delay, [&host = host_, number = number_, thing = std::move(thing)] {
    if (host.is_alive(number)) thing();
  });
}

Duration Process::some_delay() {
  return Duration(host_.delays_.below(static_cast<uint64_t>(host_.options_.delay_max.count()) + 1));
}

// -- Recovery -------------------------------------------------------------------------------------

bool Process::is_fine(const std::optional<Error>& error, std::string_view doing) {
  if (!error) return true;
  host_.spare_next_start_ = true;
  host_.die(fmt::format("as it cannot {}: {}", doing, error->message));
  return false;
}

void Process::start() {
  if (!is_fine(error_of(host_.medium_->open()), "open the journal")) return;
  Result<storage::Ownership> ownership = host_.medium_->journal().acquire(0);
  if (!is_fine(error_of(ownership), "take the journal")) return;
  ownership_ = *ownership;
  host_.taken(ownership_);
  auto reader = host_.medium_->journal().open_reader();
  if (!is_fine(error_of(reader), "open a reader")) return;
  reader_ = std::move(*reader);
  reader_->serve_engine();
  host_.ledger_.note("process {} starts, epoch {}, {}", number_, ownership_.epoch,
                     ownership_.was_clean ? "clean" : "unclean");
  if (find_messages()) read_functions();
}

// For those who listen; before anybody can.
bool Process::find_messages() {
  host_.audience_.process_begins(number_, host_.world_.now());
  for (Position last = 0;;) {
    auto page = read().messages(last, host_.options_.page);
    if (!is_fine(error_of(page), "find the messages")) return false;
    host_.audience_.found(*page);
    if (page->messages.empty()) return true;
    last = page->messages.back().pos;
  }
}

void Process::read_functions() {
  recovering_.emplace(host_.options_.settings,
                      host_.world_.random(fmt::format("core {}", ownership_.epoch)));
  recovering_->begin_recovery(ownership_);
  auto functions = read().functions();
  if (!is_fine(error_of(functions), "read the functions")) return;
  recovering_->recover_functions(std::move(*functions));
  auto topics = read().topics();
  if (!is_fine(error_of(topics), "read the topics")) return;
  recovering_->recover_topics(*topics);
  if (pipeline_) recovering_->carry_over(pipeline_->core());
  auto events = reader_->recent_events(host_.world_.now() - core::Lookback::kAgeMax,
                                       core::Lookback::kEventsMax, core::Lookback::kBytesMax);
  if (!is_fine(error_of(events), "read the window")) return;
  recovering_->recover_events(std::move(*events));
  later(some_delay(), [this] { read_messages(0); });
}

void Process::read_messages(Position after) {
  if (dies_at_page()) return;
  auto page = read().messages(after, host_.options_.page);
  if (!is_fine(error_of(page), "read the messages")) return;
  if (page->messages.empty()) {
    return later(some_delay(), [this] { read_flow_page(std::nullopt); });
  }
  recovering_->recover_messages(page->messages);
  later(some_delay(), [this, last = page->messages.back().pos] { read_messages(last); });
}

void Process::read_flow_page(std::optional<storage::FlowStateKey> after) {
  if (dies_at_page()) return;
  auto page = read().flow_states(after, host_.options_.page);
  if (!is_fine(error_of(page), "read the flow state")) return;
  if (page->empty()) return later(some_delay(), [this] { read_page(0); });
  storage::FlowStateKey last = page->back().key;
  recovering_->recover_flow_states(std::move(*page), host_.world_.now());
  later(some_delay(), [this, last = std::move(last)] { read_flow_page(last); });
}

// Each page of a recovery is a place for a crash.
bool Process::dies_at_page() {
  bool is_here = crash_ && crash_->kind == CrashPoint::Kind::kRecoveryPage &&
                 crash_->index == pages_ && host_.crashes_happen();
  if (is_here) {
    host_.die("while it recovers");
    return true;
  }
  ++pages_;
  ++host_.pages_.back();
  return false;
}

void Process::read_page(RunNo after) {
  if (dies_at_page()) return;
  auto page = read().open_runs(after, host_.options_.page);
  if (!is_fine(error_of(page), "read the open runs")) return;
  if (page->empty()) return finish_recovery();
  RunNo last = page->back().run.no;
  recovering_->recover_runs(std::move(*page), host_.world_.now());
  later(some_delay(), [this, last] { read_page(last); });
}

void Process::finish_recovery() {
  core::Transition recovered;
  recovering_->finish_recovery(host_.world_.now(), recovered);
  if (pipeline_) {
    pipeline_->resume_after_no_space(std::move(*recovering_), ownership_, std::move(recovered));
    is_rebuilding_ = false;
  } else {
    pipeline_ = std::make_unique<core::Pipeline>(std::move(*recovering_), ownership_, *this);
    pipeline_->adopt(std::move(recovered));
  }
  recovering_.reset();
  host_.spare_next_start_ = false;
  inspections_ = 0;  // all of it is looked at first
  touched();
  if (pipeline_->is_out_of_space()) return probe();
  later(host_.registration_delay_, [this] { register_functions(); });
}

void Process::probe() {
  later(kProbePause, [this] {
    if (!serves()) return;  // another rebuild is under way; it probes again
    if (!pipeline_->is_out_of_space()) return;
    pipeline_->probe(host_.world_.now());
    touched();
    probe();
  });
}

void Process::register_functions() {
  host_.register_now();
}

// -- Inputs ---------------------------------------------------------------------------------------

void Process::submit(core::Input input) {
  if (!serves()) return;
  if (host_.strikes(host_.options_.faults.spurious_alarms)) {
    pipeline_->submit(core::TimePassed{}, host_.world_.now());
  }
  if (const auto* replied = std::get_if<core::CallReplied>(&input)) {
    host_.ledger_.call_answered(replied->reply.call);
  }
  pipeline_->submit(std::move(input), host_.world_.now());
  touched();
}

void Process::stop_in_order() {
  if (!serves()) return;
  host_.ledger_.note("process {} is asked to stop", number_);
  is_stopping_ = true;
  pipeline_->stop([this] { host_.die("in order"); });
  touched();
}

void Process::touched() {
  was_touched_ = true;
  arm();
  if (will_flush_) return;
  will_flush_ = true;
  later(Duration(0), [this] {
    will_flush_ = false;
    pipeline_->flush(host_.world_.now());
    was_touched_ = true;
    arm();
  });
}

void Process::arm() {
  if (!serves() || is_stopping_) return;
  std::optional<Time> due = pipeline_->core().next_due();
  if (!due || (alarm_ && *alarm_ <= *due)) return;
  alarm_ = due;
  Duration delay = std::max(*due - host_.world_.now(), Duration(0));
  later(delay, [this, number = ++alarm_number_] {
    if (number != alarm_number_) return;
    alarm_.reset();
    submit(core::TimePassed{});
    arm();
  });
}

void Process::clock_jumped() {
  alarm_.reset();
  ++alarm_number_;
  arm();
}

void Process::touch(const std::vector<storage::Record>& records) {
  for (const storage::Record& record : records) {
    if (RunNo run = run_of(record)) touched_runs_.insert(run);
  }
}

void Process::inspect() {
  if (!was_touched_ || !serves()) return;
  was_touched_ = false;
  if (open_runs() <= kOpenRunsInspectedAlways || inspections_++ % kInspectAllEach == 0) {
    touched_runs_.clear();
    return inspect_all();
  }
  touch(pipeline_->open_batch().writes);
  for (RunNo run : touched_runs_) {
    for (const core::Finding& finding : pipeline_->core().check(run)) host_.ledger_.found(finding);
  }
  touched_runs_.clear();
}

void Process::inspect_all() {
  if (!serves()) return;
  const core::Core& core = pipeline_->core();
  for (const core::Finding& finding : core.check()) host_.ledger_.found(finding);
  const core::Settings& settings = host_.options_.settings;
  // What is in use cannot leave memory, whatever the bound.
  if (core.hot_bytes() > settings.hot_bytes_max && !core.state().evictable_.empty()) {
    host_.ledger_.fail("S-16", "runs that could leave memory take more than they may");
  }
  if (core.state().lookback_.size() > core::Lookback::kEventsMax) {
    host_.ledger_.fail("S-16", "the look-back window has grown too large");
  }
}

std::string Process::why_it_waits(const RunId& run) const {
  if (!serves()) return "the process recovers";
  auto source = pipeline_->core().wake_source(run);
  return source ? source->what : "the core does not know it";
}

// -- The journal ----------------------------------------------------------------------------------

const CrashPoint* Process::crash_here(int batch) const {
  bool is_here = crash_ && crash_->kind != CrashPoint::Kind::kRecoveryPage &&
                 crash_->index == batch && host_.crashes_happen();
  return is_here ? crash_ : nullptr;
}

void Process::commit(storage::Batch batch) {
  releasing_ = -1;
  if (host_.is_dying_) return;
  int number = batches_++;
  touch(batch.records);
  host_.effects_.back().push_back(0);
  const CrashPoint* crash = crash_here(number);
  if (crash && crash->kind == CrashPoint::Kind::kBeforeSubmit) {
    return host_.die(fmt::format("before batch {} is submitted", number));
  }
  Duration takes(1 + host_.delays_.below(static_cast<uint64_t>(host_.options_.commit_max.count())));
  if (host_.strikes(host_.options_.faults.commit_stalls)) takes += kStall;
  unfinished_ = std::move(batch);
  later(takes, [this, number] {
    const CrashPoint* point = crash_here(number);
    storage::Batch finished = std::move(*unfinished_);
    unfinished_.reset();
    if (point && point->kind == CrashPoint::Kind::kInFlightLost) {
      return host_.die(fmt::format("batch {} is lost", number));
    }
    releasing_ = number;
    commit_with_fate(finished);
    releasing_ = -1;
  });
}

void Process::commit_with_fate(const storage::Batch& batch) {
  const FaultRates& faults = host_.options_.faults;
  if (host_.strikes(faults.no_space)) {
    host_.medium_->fill(static_cast<int>(1 + host_.fates_.below(kFullCommitsMax)));
  } else if (host_.strikes(faults.unknown)) {
    host_.medium_->lose_outcome(host_.fates_.chance(0.5));
  }
  commit_done(batch);
}

void Process::commit_done(const storage::Batch& batch) {
  storage::Journal& journal = host_.medium_->journal();
  CommitResult result = journal.commit(batch);
  if (result.outcome == CommitOutcome::kCommitted) host_.ledger_.batch_durable(batch);
  if (result.outcome == CommitOutcome::kUnknown) host_.unknown_ = batch;
  if (host_.medium_->has_lost_power()) return host_.die("without power");
  if (const CrashPoint* crash = crash_here(releasing_)) {
    if (crash->kind == CrashPoint::Kind::kInFlightKept) {
      return host_.die(fmt::format("batch {} is kept", releasing_));
    }
    effects_left_ = crash->kind == CrashPoint::Kind::kBeforeEffects ? 0 : crash->effects;
  }
  pipeline_->committed(result, host_.world_.now());
  keep_house(host_.delays_.chance(kIdleChance));
  touched();
}

// Housekeeping between commits, again in a while when it was put off.
void Process::keep_house(bool idle) {
  CommitResult result = host_.medium_->journal().maintain(idle);
  if (result.outcome == CommitOutcome::kCommitted) return;
  if (result.outcome == CommitOutcome::kNoSpace) {
    return later(kProbePause, [this] { keep_house(true); });
  }
  pipeline_->journal_failed(result);
}

storage::JournalReader& Process::read() {
  // A start needs so many reads that none would come to its end if each failed like any other.
  const bool is_spared = host_.spare_next_start_ && (!pipeline_ || recovering_);
  if (!is_spared && host_.strikes(host_.options_.faults.reads_fail)) host_.medium_->fail_read();
  return *reader_;
}

void Process::fetch(core::FetchId id, const core::Lookup& lookup) {
  // The journal is read at some moment before the answer arrives.
  later(some_delay(), [this, id, lookup] {
    Result<core::LookupResult> found =
        core::look_up(read(), lookup, host_.world_.now() - core::kDeduplicationWindow);
    later(found ? some_delay() : kReadPause, [this, id, found = std::move(found)] {
      pipeline_->fetched(id, found, host_.world_.now());
      touched();
    });
  });
}

void Process::load(RunNo run) {
  later(some_delay(), [this, run] {
    auto snapshot = read().load_run(run, false);
    bool is_damaged = !snapshot && snapshot.error().code == ErrorCode::kCorrupt;
    if (!snapshot && !is_damaged) return later(kReadPause, [this, run] { load(run); });
    later(some_delay(), [this, run, snapshot = std::move(snapshot)] {
      submit(core::RunLoaded{run, snapshot});
    });
  });
}

void Process::read_events(const core::ReadEvents& wanted) {
  later(some_delay(), [this, wanted] {
    auto found = core::read_events(read(), wanted);
    if (!found) return later(kReadPause, [this, wanted] { read_events(wanted); });
    later(some_delay(), [this, found = std::move(*found)] { submit(found); });
  });
}

void Process::rebuild() {
  host_.ledger_.note("no space: the core is rebuilt");
  host_.ledger_.crashed();  // what runs is lost
  is_rebuilding_ = true;
  alarm_.reset();
  ++alarm_number_;
  driver_.drop_all();
  link_.driver().drop_all();
  later(some_delay(), [this] {
    // Still the owner; nothing died.
    ownership_.next_seq = pipeline_->committed_batches();
    ownership_.last_pos = pipeline_->core().last_pos();
    ownership_.was_clean = true;
    read_functions();
  });
}

void Process::fatal(CommitOutcome outcome, const std::string& message) {
  if (outcome == CommitOutcome::kPreconditionFailed) {
    host_.ledger_.fail("S-15", "precondition failed: " + message);
  }
  host_.die("after a failed commit: " + message);
}

core::Driver& Process::driver_of(const core::Call& call) {
  const AppFunction& function = host_.function_of(call.run->function);
  if (function.config.driver == DriverKind::kHttp) return link_.driver();
  return driver_;
}

// -- Effects --------------------------------------------------------------------------------------

void Process::perform(core::Effect effect) {
  if (effects_left_ == 0) host_.die("in the middle of effects");
  if (host_.is_dying_) return;
  if (effects_left_ > 0) --effects_left_;
  if (releasing_ >= 0) ++host_.effects_.back()[static_cast<size_t>(releasing_)];
  std::visit(
      [this](auto&& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, core::Answer>) host_.answered(value);
        if constexpr (std::is_same_v<T, core::StartCall>) {
          host_.ledger_.call_started(value.call);
          driver_of(value.call).start(std::move(value.call));
        }
        if constexpr (std::is_same_v<T, core::DropRun>) {
          driver_.drop(value.run);
          link_.driver().drop(value.run);
        }
        if constexpr (std::is_same_v<T, core::LoadRun>) load(value.run);
        if constexpr (std::is_same_v<T, core::ReadEvents>) read_events(value);
        if constexpr (std::is_same_v<T, core::Publish>) {
          for (const core::PublishedMessage& message : value.messages) {
            host_.messages_.push_back(message.channel + "/" + message.topic);
            host_.ledger_.note("message {}", host_.messages_.back());
            host_.audience_.published(message, host_.world_.now());
          }
        }
        if constexpr (std::is_same_v<T, core::RunEnded>) host_.ledger_.run_ended(value);
      },
      std::move(effect));
}

}  // namespace stepwell::sim
