// What the core remembers, and the parts of the state machine that its files share. Internal to
// engine/core.
//
// One file per kind of input: accept_events.cc, register_functions.cc, reply.cc (a driver's answer)
// with ops.cc (what it asks for), progress.cc (what it tells before it answers), cancel_run.cc,
// messages.cc, signals.cc, start_run.cc, load_run.cc, fire_timers.cc; how a run begins: trigger.cc
// (all sources) with pause.cc, intake.cc (batching, rate limit, debounce), gather.cc (what these
// start) and admission.cc (limits), cron.cc, timeouts.cc; what several need: limits.cc (slots and
// turns), crowd.cc, dispatch.cc (who may be called), resolve.cc (a pending step's end),
// finish_run.cc (a run's end); recovery.cc and poison.cc for a start; inspect.cc to look in.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/core/core.h"
#include "engine/core/functions.h"
#include "engine/core/lookback.h"
#include "engine/core/maybe_time.h"
#include "engine/core/runs.h"
#include "engine/core/slim_text.h"
#include "engine/core/timers.h"
#include "engine/core/topics.h"
#include "engine/core/waits.h"
#include "engine/flow/batch_book.h"
#include "engine/flow/cron_book.h"
#include "engine/flow/debounce_book.h"
#include "engine/flow/rate_book.h"
#include "engine/flow/slots.h"
#include "schema/run_flow.h"

namespace stepwell::core {

// A registered step that is not resolved. As of a run: keep it small.
struct PendingStep {
  StepKey key;
  Position pos = 0;  // of its registration
  // The newest memo that the code had when it asked for this: what was resolved later it has not
  // seen. Of kRun also the look-back base that its memo will give.
  Position base = 0;
  StepKind kind = StepKind::kRun;
  int attempts = 0;  // failed so far
  MaybeTime due;
  uint64_t call = 0;  // of the kStep call under way; 0: none
  RunNo child = 0;    // kInvoke: the run that was started
  SlimText id;        // of steps with a body: as the user wrote it
  SlimText target;    // event name or signal waited for
};

// What the code of a run has seen, while it is in memory.
struct Memory {
  struct Known {
    StepKind kind = StepKind::kRun;
    StepState state = StepState::kCompleted;
    Position base = 0;
  };
  std::shared_ptr<const RunContext> context;
  std::string trigger_json;                  // the first event, for the expressions of its waits
  std::vector<MemoEntry> memo;               // in the order in which the steps were resolved
  std::unordered_map<StepKey, Known> known;  // the same by key
  size_t seen_by_frame = 0;                  // how many entries of `memo` the driver's frame has
  size_t seen_by_code = 0;                   // and how many any kFunction call has had
  bool has_frame = false;
  Position look_base = 0;                   // how far back a wait of the next call looks
  std::vector<EventKey> spent;              // of the events that ended waits of this run
  std::map<StepKey, std::string> requests;  // of pending kFetch and kInfer steps, inputs of kRun
  uint64_t last_used = 0;                   // its place among those that may be evicted
  size_t bytes = 0;                         // of the memo and the context
  size_t output_bytes = 0;                  // of what its steps left alone: outputs, errors, names
};

// A run that is to end, but was not in memory when that was decided.
struct PendingEnd {
  RunStatus status = RunStatus::kCancelled;
  ErrorInfo reason;
  std::vector<RequestId> requests;
};

// An open run. What is here stays in memory while the run sleeps for days: keep it small.
struct Run {
  RunNo no = 0;
  RunId id;
  Function* function = nullptr;
  RunStatus status = RunStatus::kScheduled;
  ParallelMode parallel = ParallelMode::kRace;
  EndEvents end_events = EndEvents::kAll;
  bool needs_discovery = true;  // its code has something to look at
  bool is_loading = false;
  bool is_in_crowd = false;    // too many calls are under way
  bool is_held_back = false;   // queued at its function or behind a suspect
  bool is_taking_ops = false;  // in the middle of a reply: not to be called now
  bool is_suspect = false;     // may have killed the process: resumed alone
  bool is_queued = false;      // waits in its line for its turn
  bool has_slot = false;       // holds a slot for a call that is being prepared
  bool has_run_slot = false;   // has started: holds the slot of its function's limit on runs
  int32_t priority = 0;        // seconds
  int attempt = 0;             // failed attempts of the function's own code
  int idle_calls = 0;          // in a row, that asked for nothing
  int dialect = 0;             // see Call
  int deaths = 0;
  int deaths_alone = 0;
  Position deaths_pos = 0;
  Time created_at{};
  // Moments ahead; void once they were reached, so that a clock that jumps back asks for no second
  // wait.
  Time start_at{};
  MaybeTime retry_at;
  MaybeTime started_at;
  uint64_t call = 0;         // of the kFunction call under way; 0: none
  uint64_t needs_batch = 0;  // a load must have seen so many batches
  Position code_pos = 0;     // the newest memo that a kFunction call has had in this process
  std::unique_ptr<const std::vector<InvokedBy>> invokers;  // null: none
  std::unique_ptr<PendingEnd> pending_end;
  flow::Line* line = nullptr;              // where it waits; null: nothing limits it
  const std::string* singleton = nullptr;  // its entry there; null: it holds none
  std::unique_ptr<Memory> memory;
  std::vector<PendingStep> pending;
};

// The place of a run among those that wait: older ones first, and those that may overtake (by their
// priority) before older ones.
int64_t score_of(const Run& run);

struct CallUnderWay {
  RunNo run = 0;
  CallKind kind = CallKind::kFunction;
  StepKey target;
  // Where its code stands: the resolution of the newest memo that it has, or the run's creation. A
  // wait behind its steps looks back to there; the same when the call is made again after a crash.
  Position code_pos = 0;
  Position look_base = 0;  // for waits that it registers
  Time started_at{};
  DriverKind driver = DriverKind::kNative;
  // As code_pos, but for news that came during the call and that a checkpoint has passed over: the
  // code has not seen it, whatever it has done since.
  Position seen_pos = 0;
};

// An alarm that must be set, for the check: whose it is, and what it is for.
struct ExpectedAlarm {
  Timer alarm;
  RunId run;
  std::string what;
};

// What the events that an input brings have done already, by event id.
using Histories = std::map<std::string, storage::EventHistory, std::less<>>;

class State {
 public:
  State(Settings settings, Random random);

  // -- one file each ------------------------------------------------------------------------------
  void accept_events(AcceptEvents input);
  void register_functions(RegisterFunctions input);
  void call_replied(CallReplied input);
  void cancel_run(CancelRun input);
  void send_signal(SendSignal input);
  void record_progress(RecordProgress input);
  void rerun_run(RerunRun input);
  void pause_function(PauseFunction input);
  void invoke_directly(InvokeDirectly input);
  void publish_messages(PublishMessages input);
  void register_topics(RegisterTopics input);
  void run_loaded(RunLoaded input);
  void events_read(EventsRead input);
  void fire_timers();

  // -- reply.cc ---------------------------------------------------------------------------------
  void yielded(Run& run, const CallUnderWay& call, Yielded yielded,
               std::vector<storage::EventHistory> histories);
  void returned(Run& run, const CallUnderWay& call, Returned returned);
  // False: the run has ended.
  bool take_ops(Run& run, const CallUnderWay& call, std::vector<StepOp> ops);
  void forget_step_calls(Run& run);
  void function_threw(Run& run, const CallUnderWay& call, Threw threw);
  void step_call_threw(Run& run, const CallUnderWay& call, Threw threw);
  Duration retry_delay(int failed_attempts, std::optional<Duration> retry_after);
  void end_call(uint64_t number);

  // -- fire_timers.cc ---------------------------------------------------------------------------
  void fire_of_run(Run& run, const Timer& timer);
  void fire_flow(const Timer& timer);
  void fire_step(Run& run, const Timer& timer);
  // False: the alarm is void, it would do nothing.
  bool is_expected(const Timer& timer) const;
  bool is_expected_by(const Run& run, const Timer& timer) const;
  void drop_void_timers();
  // `event`: the one that cancels the run; 0: its time is over.
  void drop_cancellation(Run& run, size_t index, Position event);

  // -- register_functions.cc --------------------------------------------------------------------
  // The error lists what is wrong with all of them.
  Result<std::vector<std::unique_ptr<Function>>> compile_functions(RegisterFunctions& input) const;
  bool is_change(const Function& function) const;
  Function& adopt_function(std::unique_ptr<Function> function);

  // -- accept_events.cc -------------------------------------------------------------------------
  // Stores an event and lets it meet waits, cancellations and triggers.
  void accept_event(EventRecord record, storage::EventHistory& history);
  EventRecord make_event(Event event, std::optional<EventId> seeded);
  // Handles the events that ended runs made; each may end or start others.
  void drain_internal_events();

  // -- start_run.cc -----------------------------------------------------------------------------
  // A run that is to begin. Only trigger() and what it calls make runs of it.
  struct NewRun {
    enum class Source : uint8_t { kEvent, kCron, kInvoke, kApi, kDebounce, kBatch, kRerun };
    Source source = Source::kEvent;
    Function* function = nullptr;
    std::vector<Event> events;
    std::vector<Position> positions;
    std::string json;  // the first event as text; trigger() makes it if it is not at hand
    std::string event_id;
    std::vector<Position> copies;  // of the first event, that came before it
    Time start_at{};
    std::vector<InvokedBy> invokers;
    std::optional<RunId> rerun_of;
    RunFlow flow;  // what is known of it; admit() adds priority and keys
    // A rerun from a step: what the steps before it gave, in the order in which they were resolved,
    // and that step, planned, if its body is to get other arguments (`expression`).
    std::vector<StepRecord> memo;
    std::optional<StepRecord> planned;
  };
  // What became of a request for a run.
  struct Started {
    enum class How : uint8_t {
      kStarted,  // there is a run; it may be queued
      kSkipped,  // there is a run that never runs
      kHeld,     // taken in, to be part of a run later: debounced, batched
      kDropped,  // nothing came of it
    };
    How how = How::kStarted;
    RunNo no = 0;     // kStarted, kSkipped
    RunId id;         // the same
    std::string why;  // kSkipped, kDropped: for people
  };
  // The run may be over when this returns.
  Started start_run(NewRun request);
  // Why the run can't go on, if one of its conditions can't be bound to its trigger.
  std::optional<ErrorInfo> register_cancellations(Run& run, Time created_at);

  // -- trigger.cc -------------------------------------------------------------------------------
  // Every run begins here, whatever caused it. May end other runs, also the one at hand.
  Started trigger(NewRun request);
  Started skip_run(NewRun request, std::string reason);
  void answer_start(Answer reply, const Started& started);
  PendingStep* waiting_invoker(const InvokedBy& invoker, RunNo child);
  void link_invokers(const NewRun& request, RunNo child);
  // Of runs that will never begin.
  void fail_invokers(const std::vector<InvokedBy>& invokers, const std::string& why);

  // -- pause.cc: a paused function turns the run away -------------------------------------------
  std::optional<Started> stop_at_pause(NewRun& request);
  void recover_pause(storage::FlowState state);
  void hold_back(Run& run);

  // -- rerun.cc ---------------------------------------------------------------------------------
  Result<void> keep_steps(const RerunRun& input, NewRun& request) const;
  void take_over(Run& run, NewRun& request);

  // -- intake.cc: batching, rate limit, debounce. Nothing: the run may begin now ----------------
  std::optional<Started> take_in(NewRun& request);
  std::optional<Started> meet_rate_limit(NewRun& request, const RateLimit& limit);
  Duration rate_period_of(const std::string& slug) const;
  void arm_rates();
  void forget_idle_rates();
  std::optional<Started> stop_copy(const NewRun& request) const;
  flow::Place debounce_place(const NewRun& request) const;
  Started debounce(NewRun& request);
  void put_debounce(flow::DebounceWindow& window);
  void arm_debounce(flow::DebounceWindow& window);
  Started join_batch(NewRun& request);
  void put_batch(const flow::EventBatch& batch);
  void close_batch(flow::EventBatch& batch);
  void drop_flow(storage::FlowKind kind, const flow::Place& place, Position from, Position up_to);
  void recover_intake(storage::FlowState state);
  void expect_intake_alarms(std::vector<ExpectedAlarm>& expected) const;

  // -- gather.cc: what a debounce or a batch starts ----------------------------------------------
  void fire_intake(const Timer& timer);
  void read_debounced(flow::DebounceWindow& window);
  void read_batch(flow::EventBatch& batch);
  // Empty if the function is there to run.
  std::string why_never_started(const std::string& slug) const;
  void forget_debounce(const flow::DebounceWindow& window);
  void forget_batch(const flow::EventBatch& batch);
  // `batched_at`: when the batch was opened; absent: it is a debounce.
  void start_gathered(EventsRead input, Function& function, std::vector<InvokedBy> invokers,
                      std::optional<Time> batched_at);

  // -- admission.cc: priority, singleton, concurrency, throttle ---------------------------------
  Started admit(NewRun request);
  void evaluate_flow(NewRun& request);
  void hold_singleton(Run& run, const RunFlow& flow);
  void release_singleton(Run& run);

  // -- limits.cc --------------------------------------------------------------------------------
  void join_limits(Run& run, const RunFlow& flow);
  bool may_start_now(Run& run);
  // Before each call. False: the run is queued, and pumped again when its turn comes.
  bool obtain_slot(Run& run);
  void give_back_slot(Run& run);
  void leave_queue(Run& run);
  void leave_limits(Run& run);
  void keep_throttle(const Run& run);
  // Lets in whoever has room by now; at the end of each input.
  void take_turns();
  void change_limits(Function& function, const FlowControl& before);
  void change_throttles(const FlowControl& flow, const std::string& slug);
  void move_to_new_pools(Function& function, const FlowControl& before);
  void recover_limits(Run& run, const RunFlow& flow);
  void recover_throttle(storage::FlowState state);
  void fire_slots(const Timer& timer);
  void expect_slot_alarms(std::vector<ExpectedAlarm>& expected) const;
  void check_limits(std::vector<Finding>& findings) const;
  WakeSource queued_source(const Run& run) const;

  // -- cron.cc -----------------------------------------------------------------------------------
  // The function is registered, archived or recovered: its schedules count as they are now.
  void set_schedules(const Function& function);
  void set_alarm(const flow::CronBook::Alarm& alarm);
  void recover_cron(storage::FlowState state);
  void fire_cron(const Timer& timer);
  void expect_cron_alarms(std::vector<ExpectedAlarm>& expected) const;

  // -- timeouts.cc: also for runs that recovery brings back -------------------------------------
  void run_created(Run& run);
  void run_started(Run& run);
  void set_timeout(const Run& run);
  void timeouts_changed(const Function& function);
  bool is_too_late(const Run& run) const;
  void end_too_late(Run& run);
  void fire_timeout(Run& run, const Timer& timer);
  bool is_timeout_of(const Run& run, const Timer& timer) const;
  void expect_timeout_alarms(std::vector<ExpectedAlarm>& expected) const;

  // -- ops.cc -----------------------------------------------------------------------------------
  // False: the run has ended, do not touch it any more.
  bool take_op(Run& run, const CallUnderWay& call, StepOp op);
  std::pair<Time, Time> time_of_body(const CallUnderWay& call,
                                     const std::optional<BodyTime>& ran) const;
  bool step_returned(Run& run, const CallUnderWay& call, StepOp& op, StepReturned& body);
  bool step_threw(Run& run, const CallUnderWay& call, const StepKey& key, const std::string& id,
                  StepThrew& body);
  bool plan_step(Run& run, const StepOp& op);
  bool call_out(Run& run, const StepOp& op, CallOut& body);
  bool sleep(Run& run, const StepOp& op, const Sleep& body);
  bool wait_for_event(Run& run, const CallUnderWay& call, const StepOp& op, WaitForEvent& body);
  bool wait_for_signal(Run& run, const StepOp& op, const WaitForSignal& body);
  void replace_waiter(const WaitRef& waiter);
  bool invoke(Run& run, const StepOp& op, InvokeFunction& body);
  bool send_events(Run& run, const CallUnderWay& call, const StepOp& op, SendEvents& body);
  std::shared_ptr<const EventRecord> look_back(const Run& run, const CallUnderWay& call,
                                               const StepOp& op, std::string_view event_name,
                                               const Condition& condition) const;
  // True if the op is new; a repeat is dropped; another kind under the same key ends the run.
  enum class Known { kNew, kRepeat, kMismatch };
  Known recognise(Run& run, const StepOp& op);

  // -- resolve.cc -------------------------------------------------------------------------------
  // A step that is resolved as it is registered.
  void record_resolved(Run& run, StepRecord step);
  // Registers a pending step.
  PendingStep& record_pending(Run& run, StepRecord step);
  // A registered step as it is remembered, with its timer.
  void adopt_pending(Run& run, const StepRecord& step);
  struct Resolution {
    StepState state = StepState::kCompleted;
    std::string data = "null";
    std::optional<ErrorInfo> error;
    Position resolved_event = 0;
  };
  // Ends a pending step; the run's code is to see it.
  void resolve(Run& run, size_t pending_index, Resolution resolution);
  // The same, and the run goes on at once.
  void wake(Run& run, size_t pending_index, Resolution resolution);
  void remember(Run& run, const StepRecord& step);
  // Cuts what a step threw to the size that an output may have.
  void hold_to_limit(ErrorInfo& error) const;
  // What its steps left has grown over the limit: it can go on no more.
  bool has_overflowed(const Run& run) const;
  void end_overflowed(Run& run);
  void forget_pending(Run& run, size_t pending_index);

  // -- finish_run.cc ----------------------------------------------------------------------------
  // Ends the run; it is gone when this returns.
  void complete_run(Run& run, std::string output);
  void fail_run(Run& run, ErrorInfo error);
  void end_cancelled(Run& run, ErrorInfo reason, RequestId request);
  // Ends it now, or as soon as what its end needs is in memory. `request` is answered then.
  void end_soon(Run& run, RunStatus status, ErrorInfo reason, RequestId request);
  void finish(Run& run, RunStatus status, std::string output, std::optional<ErrorInfo> error);
  void emit_end_events(const Run& run, const RunRecord& record);
  void emit_end_event(const Run& run, const RunRecord& record, std::string_view name);
  void tell_invokers(const Run& run, const RunRecord& record);
  void tell_invoker(const InvokedBy& invoker, const RunRecord& record);
  bool is_listened_to(std::string_view event_name) const;

  // -- dispatch.cc ------------------------------------------------------------------------------
  // Makes whatever calls the run is ready for; evicts or loads it as needed.
  void pump(Run& run);
  void pump_all(const std::vector<RunNo>& runs);
  bool may_call_steps(const Run& run) const;
  bool wants_function_call(const Run& run) const;
  void begin_run(Run& run);
  void drop_slot(Run& run);
  void call_function(Run& run);
  void call_step(Run& run, PendingStep& step);
  Call make_call(Run& run, CallKind kind);
  void begin_call(Run& run, const Call& call, Position look_base);
  bool is_suspended(const Run& run) const;
  void settle(Run& run);
  void evict(Run& run);
  void evict_over_budget();
  void load(Run& run);
  RunRecord record_of(const Run& run, RunStatus status) const;
  void update_run(Run& run);

  // -- crowd.cc ---------------------------------------------------------------------------------
  bool has_room_for_call() const;
  // True if the run may not be called now; it will be pumped again.
  bool must_wait_in_crowd(Run& run);
  void let_crowd_in();
  // When an input has been dealt with: what it gave back goes to those who wait.
  void hand_on();

  // -- load_run.cc ------------------------------------------------------------------------------
  void bring_back(Run& run, storage::RunSnapshot snapshot);
  void end_damaged(Run& run, const std::string& damage);

  // -- poison.cc --------------------------------------------------------------------------------
  // At an unclean start, for a run that was under way: counts its deaths. False: it has ended.
  bool judge_deaths(Run& run, Position last_record);
  // True if the run may not be called now; it will be pumped again.
  bool must_wait_for_suspects(Run& run);
  // When an input has been dealt with: the next suspect, once nothing else runs; without one, those
  // that wait behind them. True if any was let go.
  bool try_suspects();
  // Something came from the run: it did not kill the process this time.
  void clear_suspect(Run& run);

  // -- recovery.cc ------------------------------------------------------------------------------
  void begin_recovery(const storage::Ownership& ownership);
  void recover_functions(std::vector<storage::StoredFunction> functions);
  void recover_flow_state(storage::FlowState state);
  void recover_runs(std::vector<storage::OpenRun> page);
  void recover_run(storage::OpenRun open);
  void recover_step(Run& run, StepRecord step);
  void finish_recovery();

  // -- inspect.cc -------------------------------------------------------------------------------
  WakeSource wake_source(const Run& run) const;
  std::vector<Finding> check() const;
  void check_run(const Run& run, std::vector<Finding>& findings) const;
  void check_timers(std::vector<Finding>& findings) const;
  void check_queues(std::vector<Finding>& findings) const;
  void check_sums(std::vector<Finding>& findings) const;

  // -- function_view.cc -------------------------------------------------------------------------
  std::optional<FunctionView> function_view(const FunctionId& id, Time now) const;

  // -- messages.cc ------------------------------------------------------------------------------
  void publish(const Run& run, std::vector<Publication> publications);
  void publish(std::optional<RunId> run, std::vector<Publication> publications);
  Position record_message(std::optional<RunId> run, const Publication& publication);
  std::optional<ErrorInfo> misfit_of(const std::vector<Publication>& publications) const;

  // -- shared little things ---------------------------------------------------------------------
  Position next_pos() { return ++last_pos_; }
  Ulid new_ulid();
  Duration backoff(int failed_attempts);
  Time deadline_time(const Deadline& deadline) const;
  Run* find_run(RunNo no);
  void write(storage::Record record);
  void effect(Effect effect);
  void answer(Answer answer);
  void refuse(RequestId request, ErrorCode code, std::string message);
  // The run is written to in the batch at hand.
  void touch(Run& run) { run.needs_batch = batch_ + 1; }
  PendingStep* find_pending(Run& run, const StepKey& key);
  size_t pending_index(const Run& run, Position pos) const;

  Settings settings_;
  Random random_;

  // What the input at hand is applied with.
  Time now_{};
  uint64_t batch_ = 0;
  Transition* out_ = nullptr;

  uint64_t epoch_ = 0;
  Position last_pos_ = 0;
  uint64_t last_call_ = 0;
  uint64_t use_counter_ = 0;

  Functions functions_;
  Runs runs_;
  std::unordered_map<uint64_t, CallUnderWay> calls_;
  Timers timers_;
  flow::CronBook crons_;
  Waits waits_;
  std::map<std::string, WaitRef, std::less<>> signals_;
  Lookback lookback_;
  std::deque<EventRecord> internal_events_;
  Topics topics_;
  RecordedMessages recorded_messages_;

  // Limits.
  flow::Slots slots_;
  RunNo turn_ = 0;                   // the run whose turn it is, while it is pumped
  std::optional<Time> turns_alarm_;  // for those whose turn has come and that were too many
  std::map<std::string, RunNo> singletons_;

  // What keeps events from starting runs of their own.
  flow::RateBook rates_;
  flow::DebounceBook debounces_;
  flow::BatchBook batches_;
  Time rate_alarm_{};  // when starts that count no more are looked for; zero: there are none

  // Runs in memory that are suspended, the least recently used first.
  std::map<uint64_t, RunNo> evictable_;
  size_t hot_bytes_ = 0;

  std::deque<RunNo> crowd_;  // in the order of their arrival; some may have ended
  size_t loads_ = 0;         // runs that are being read

  // Recovery and poison runs.
  bool was_clean_ = true;
  bool is_recovering_ = false;
  std::map<RunNo, Position> recovered_;  // runs to go on with, and the last record of each
  std::deque<RunNo> suspects_;           // that wait for their turn
  RunNo alone_ = 0;                      // the suspect that is resumed by itself; 0: none
  std::vector<RunNo> behind_suspects_;   // runs that go on when no suspect is left
  size_t native_calls_ = 0;              // under way: only these can kill the process

  // Of the reply at hand: its call's code_pos, and for its SendEvents ops.
  Position code_pos_ = 0;
  Histories send_histories_;
};

}  // namespace stepwell::core
