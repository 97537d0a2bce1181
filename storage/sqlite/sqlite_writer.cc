#include "storage/sqlite/sqlite_writer.h"

#include <fmt/core.h>
#include <sqlite3.h>
#include <unistd.h>

#include <utility>

#include "storage/describe.h"
#include "storage/sqlite/open.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/sqlite_reader.h"

namespace stepwell::storage {
namespace {

// Waiting for readers at most this long when the log must be restarted.
constexpr int kRestartWaitMillis = 100;

constexpr char kSwap[] =
    "UPDATE shards SET commit_seq = commit_seq + 1, last_pos = max(last_pos, ?), is_clean = ?"
    " WHERE shard = ? AND epoch = ? AND commit_seq = ?";
// Positions rise with holes, so that one more is no change that anybody sees.
constexpr char kVoidTail[] = "UPDATE shards SET last_pos = last_pos + 1 WHERE shard = 0";
constexpr char kCount[] =
    "UPDATE shards SET events = events + ?, runs = runs + ?, open_runs = open_runs + ?,"
    " pending_steps = pending_steps + ? WHERE shard = ?";

// How a failure maps to the outcomes: reliability is decided here. A full disk and a lock held by
// another program are known not to have written anything; a refused value is a bug of the caller;
// all others leave the file in a state that only recovery can tell.
CommitOutcome outcome_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return CommitOutcome::kNoSpace;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
      return CommitOutcome::kPreconditionFailed;
    default:
      return CommitOutcome::kUnknown;
  }
}

}  // namespace

Result<std::unique_ptr<Journal>> open_sqlite_journal(const SqliteOptions& options) {
  FileLock lock;
  if (options.vfs.empty()) {
    if (auto place = check_place(options.path, options.allow_network_filesystem); !place) {
      return place.error();
    }
    if (!options.create && access(options.path.c_str(), F_OK) != 0) {
      return Error{ErrorCode::kNotFound, fmt::format("{} does not exist", options.path)};
    }
    Result<FileLock> taken = FileLock::acquire(options.path);
    if (!taken) return taken.error();
    lock = std::move(*taken);
    if (auto created = create_private_file(options.path); !created) return created.error();
  }
  Result<Database> database = open_for_writing(options);
  if (!database) return database.error();
  if (options.vfs.empty()) {
    // SQLite created the log's file just now.
    if (auto synced = sync_folder_of(options.path); !synced) return synced.error();
  }
  auto journal = std::make_unique<SqliteJournal>(options, std::move(lock), std::move(*database));
  if (auto prepared = journal->prepare(); !prepared) return prepared.error();
  return std::unique_ptr<Journal>(std::move(journal));
}

SqliteJournal::SqliteJournal(SqliteOptions options, FileLock lock, Database database)
    : options_(std::move(options)),
      lock_(std::move(lock)),
      database_(std::move(database)),
      // A simulated disk has no place for it.
      reserve_(options_.path + ".reserve", options_.vfs.empty() ? options_.reserve_bytes : 0),
      owner_pid_(getpid()) {}

SqliteJournal::~SqliteJournal() {
  Statement* all[] = {&begin_,
                      &commit_,
                      &rollback_,
                      &swap_,
                      &count_,
                      &void_tail_,
                      &insert_event_,
                      &insert_run_,
                      &insert_run_event_,
                      &update_run_,
                      &insert_step_,
                      &update_step_,
                      &drop_steps_,
                      &insert_attempt_,
                      &put_function_,
                      &put_flow_state_,
                      &drop_flow_state_,
                      &insert_message_,
                      &drop_messages_,
                      &remember_dropped_,
                      &put_topic_,
                      &drop_topic_};
  if (getpid() != owner_pid_) {
    for (Statement* statement : all) statement->abandon();
    database_.abandon();
    return;
  }
  if (poison_) {
    // What is in the log is judged by recovery, not copied on by a handle that failed.
    sqlite3_db_config(database_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  for (Statement* statement : all) *statement = Statement();
}

Result<void> SqliteJournal::prepare() {
  struct Wanted {
    Statement& statement;
    const char* sql;
  };
  const Wanted wanted[] = {
      {begin_, "BEGIN IMMEDIATE"},
      {commit_, "COMMIT"},
      {rollback_, "ROLLBACK"},
      {swap_, kSwap},
      {count_, kCount},
      {void_tail_, kVoidTail},
      {insert_event_, sql::kInsertEvent},
      {insert_run_, sql::kInsertRun},
      {insert_run_event_, sql::kInsertRunEvent},
      {update_run_, sql::kUpdateRun},
      {insert_step_, sql::kInsertStep},
      {update_step_, sql::kUpdateStep},
      {drop_steps_, sql::kDropPendingSteps},
      {insert_attempt_, sql::kInsertAttempt},
      {put_function_, sql::kPutFunction},
      {put_flow_state_, sql::kPutFlowState},
      {drop_flow_state_, sql::kDropFlowState},
      {insert_message_, sql::kInsertMessage},
      {drop_messages_, sql::kDropMessages},
      {remember_dropped_, sql::kRememberDropped},
      {put_topic_, sql::kPutTopic},
      {drop_topic_, sql::kDropTopic},
  };
  for (const Wanted& each : wanted) {
    Result<Statement> statement = database_.prepare(each.sql);
    if (!statement) return statement.error();
    each.statement = std::move(*statement);
  }
  sqlite3_wal_hook(database_.handle(), &SqliteJournal::on_log_grown, this);
  return {};
}

Result<Ownership> SqliteJournal::acquire(ShardId shard) {
  if (shard != 0) return Error{ErrorCode::kInvalid, "a SQLite journal has shard 0 only"};
  if (int code = begin_.run(); code != SQLITE_DONE) return database_.error(code, "acquire");
  Ownership ownership;
  int code = SQLITE_OK;
  {
    Result<Statement> read = database_.prepare(
        "SELECT epoch + 1, commit_seq, last_pos, is_clean FROM shards WHERE shard = 0");
    if (!read) {
      fail(sqlite3_extended_errcode(database_.handle()), "acquire the shard");
      return read.error();
    }
    code = read->step();
    if (code == SQLITE_ROW) {
      ownership.epoch = static_cast<uint64_t>(read->read_integer());
      ownership.next_seq = static_cast<uint64_t>(read->read_integer());
      ownership.last_pos = static_cast<Position>(read->read_integer());
      ownership.was_clean = read->read_integer() != 0;
      code = read->step();
    }
  }
  if (code == SQLITE_DONE && ownership.epoch == 0) {
    rollback_.run();
    return Error{ErrorCode::kCorrupt, fmt::format("{}: shard 0 is missing", options_.path)};
  }
  if (code == SQLITE_DONE) {
    code = database_.run("UPDATE shards SET epoch = epoch + 1, is_clean = 0 WHERE shard = 0");
  }
  if (code == SQLITE_DONE) code = commit_.run();
  if (code == SQLITE_DONE) return ownership;
  Error error = database_.error(code, "acquire the shard");
  fail(code, "acquire the shard");
  return error;
}

CommitResult SqliteJournal::commit(const Batch& batch) {
  if (poison_) return *poison_;
  if (getpid() != owner_pid_) {
    return poison(CommitOutcome::kFenced, "the journal belongs to the process that was forked");
  }
  const bool is_low = !reserve_.take();
  if (is_low && batch.records.empty() && !batch.clean_stop) {
    // It only asks whether there is room, which is not worth what is left.
    return {CommitOutcome::kNoSpace, options_.path + ": the disk is full but for the reserve"};
  }
  CommitResult result = write(batch);
  result.uses_reserve = is_low && result.outcome == CommitOutcome::kCommitted;
  if (result.outcome == CommitOutcome::kNoSpace && !result.is_locked) {
    reserve_.give_up();
    void_log_tail();
  }
  return result;
}

CommitResult SqliteJournal::write(const Batch& batch) {
  if (int code = begin_.run(); code != SQLITE_DONE) return fail(code, "begin a transaction");
  if (int code = swap_sequence(batch); code == kNothingChanged) {
    return explain_lost_swap(batch);
  } else if (code != SQLITE_DONE) {
    return fail(code, "take the next number of the shard");
  }
  Deltas deltas;
  for (const Record& record : batch.records) {
    int code = apply(record, deltas);
    if (code == SQLITE_DONE) continue;
    if (code != kNothingChanged) return fail(code, describe(record));
    return roll_back({CommitOutcome::kPreconditionFailed,
                      "the precondition of " + describe(record) + " does not hold"});
  }
  if (!deltas.is_zero()) {
    if (int code = add_counters(batch.shard, deltas); code != SQLITE_DONE) {
      return fail(code, "count");
    }
  }
  if (int code = commit_.run(); code != SQLITE_DONE) return fail(code, "commit");
  return {CommitOutcome::kCommitted, {}};
}

int SqliteJournal::run_once(Statement& statement) {
  int code = statement.run();
  return code == SQLITE_DONE && database_.changes() == 0 ? kNothingChanged : code;
}

int SqliteJournal::swap_sequence(const Batch& batch) {
  swap_.integer(static_cast<int64_t>(batch.last_pos)).integer(batch.clean_stop);
  swap_.integer(batch.shard).integer(static_cast<int64_t>(batch.epoch));
  swap_.integer(static_cast<int64_t>(batch.expect_seq));
  return run_once(swap_);
}

int SqliteJournal::add_counters(ShardId shard, const Deltas& deltas) {
  count_.integer(deltas.events).integer(deltas.runs).integer(deltas.open_runs);
  return count_.integer(deltas.pending_steps).integer(shard).run();
}

int SqliteJournal::apply(const Record& record, Deltas& deltas) {
  if (const auto* put = std::get_if<PutStep>(&record)) {
    bind_step(insert_step_, put->step, scratch_);
    deltas.pending_steps += put->step.state == StepState::kPending;
    return run_once(insert_step_);
  }
  if (const auto* update = std::get_if<UpdateStep>(&record)) {
    bind_step_update(update_step_, update->step, scratch_);
    deltas.pending_steps -= update->step.state != StepState::kPending;
    return run_once(update_step_);
  }
  if (const auto* put = std::get_if<PutEvent>(&record)) {
    bind_event(insert_event_, put->event, scratch_);
    ++deltas.events;
    return run_once(insert_event_);
  }
  if (const auto* put = std::get_if<PutRun>(&record)) return put_run(put->run, deltas);
  if (const auto* update = std::get_if<UpdateRun>(&record)) return update_run(update->run, deltas);
  if (const auto* drop = std::get_if<DropPendingSteps>(&record)) return drop_pending(*drop, deltas);
  if (const auto* put = std::get_if<PutAttempt>(&record)) {
    bind_attempt(insert_attempt_, put->attempt, scratch_);
    return run_once(insert_attempt_);
  }
  return apply_other(record);
}

// What is rarer.
int SqliteJournal::apply_other(const Record& record) {
  if (const auto* put = std::get_if<PutFlowState>(&record)) {
    bind_flow_state(put_flow_state_, *put);
    return put_flow_state_.run();
  }
  if (const auto* drop = std::get_if<DropFlowState>(&record)) {
    bind_flow_state_drop(drop_flow_state_, *drop);
    return drop_flow_state_.run();
  }
  if (const auto* put = std::get_if<PutMessage>(&record)) {
    bind_message(insert_message_, put->message);
    return run_once(insert_message_);
  }
  if (const auto* drop = std::get_if<DropMessages>(&record)) return drop_messages(drop->through);
  if (const auto* put = std::get_if<PutTopic>(&record)) return put_topic(*put);
  bind_function(put_function_, std::get<PutFunction>(record), scratch_);
  return put_function_.run();
}

int SqliteJournal::drop_messages(Position through) {
  int code = drop_messages_.key(through).run();
  return code == SQLITE_DONE ? remember_dropped_.key(through).run() : code;
}

int SqliteJournal::put_topic(const PutTopic& put) {
  if (put.topic.schema.empty()) {
    return drop_topic_.text(put.topic.channel).text(put.topic.topic).run();
  }
  bind_topic(put_topic_, put);
  return put_topic_.run();
}

int SqliteJournal::put_run(const RunRecord& run, Deltas& deltas) {
  bind_run(insert_run_, run, scratch_);
  if (int code = run_once(insert_run_); code != SQLITE_DONE) return code;
  for (size_t place = 1; place < run.events.size(); ++place) {
    insert_run_event_.key(run.no).integer(static_cast<int64_t>(place));
    int code = insert_run_event_.key(run.events[place]).run();
    if (code != SQLITE_DONE) return code;
  }
  ++deltas.runs;
  deltas.open_runs += !is_terminal(run.status);
  return SQLITE_DONE;
}

int SqliteJournal::update_run(const RunRecord& run, Deltas& deltas) {
  bind_run_update(update_run_, run, scratch_);
  deltas.open_runs -= is_terminal(run.status);
  return run_once(update_run_);
}

int SqliteJournal::drop_pending(const DropPendingSteps& drop, Deltas& deltas) {
  bind_steps_drop(drop_steps_, drop);
  int code = drop_steps_.run();
  if (code == SQLITE_DONE) deltas.pending_steps -= database_.changes();
  return code;
}

CommitResult SqliteJournal::explain_lost_swap(const Batch& batch) {
  auto epoch =
      database_.value(fmt::format("SELECT epoch FROM shards WHERE shard = {}", batch.shard));
  auto seq =
      database_.value(fmt::format("SELECT commit_seq FROM shards WHERE shard = {}", batch.shard));
  if (!epoch || !seq) {
    return poison(CommitOutcome::kUnknown, epoch ? seq.error().message : epoch.error().message);
  }
  bool is_own_epoch = *epoch == fmt::format("{}", batch.epoch);
  std::string message =
      fmt::format("batch {} of epoch {} of shard {}: the journal is at batch {} of epoch {}",
                  batch.expect_seq, batch.epoch, batch.shard, *seq, *epoch);
  CommitResult rolled_back = roll_back({CommitOutcome::kPreconditionFailed, message});
  if (is_own_epoch || poison_) return rolled_back;
  return poison(CommitOutcome::kFenced, "another owner has taken the journal: " + message);
}

CommitResult SqliteJournal::fail(int code, const std::string& doing) {
  CommitResult result{outcome_of(code),
                      fmt::format("{}: {} ({})", options_.path, database_.message(code), doing)};
  result.is_locked = (code & 0xFF) == SQLITE_BUSY || (code & 0xFF) == SQLITE_LOCKED;
  // A failed write of the log is never tried again: after a failed sync nothing that this handle
  // says about the file can be trusted.
  if (result.outcome == CommitOutcome::kUnknown) {
    return poison(result.outcome, std::move(result.message));
  }
  return roll_back(std::move(result));
}

// A write that ran out of room may have put the end of the refused transaction into the log all the
// same: what failed to be written stood there already, from an earlier use of the log. SQLite has
// forgotten those frames, but a crash would find them valid. A transaction of one page in their
// place makes them void: each frame's checksum covers all that are before it. Where not even that
// can be written again, nothing had been written in its place.
void SqliteJournal::void_log_tail() {
  if (poison_ || begin_.run() != SQLITE_DONE) return;
  int code = void_tail_.run();
  if (code == SQLITE_DONE) code = commit_.run();
  if (code != SQLITE_DONE) fail(code, "void what a full disk refused");
}

CommitResult SqliteJournal::roll_back(CommitResult result) {
  if (database_.is_autocommit()) return result;  // SQLite has rolled back by itself
  int code = rollback_.run();
  if (code == SQLITE_DONE) return result;
  return poison(CommitOutcome::kUnknown,
                fmt::format("{}: cannot roll back: {}", options_.path, database_.message(code)));
}

CommitResult SqliteJournal::poison(CommitOutcome outcome, std::string message) {
  poison_ = CommitResult{outcome, std::move(message)};
  return *poison_;
}

int SqliteJournal::on_log_grown(void* self, sqlite3*, const char*, int pages) {
  auto* journal = static_cast<SqliteJournal*>(self);
  // A log that got shorter was restarted: everything before had been written back.
  if (pages < journal->log_pages_) journal->written_back_ = 0;
  journal->log_pages_ = pages;
  return SQLITE_OK;
}

int SqliteJournal::checkpoint(int mode) {
  int log = 0;
  int done = 0;
  int code = sqlite3_wal_checkpoint_v2(database_.handle(), "main", mode, &log, &done);
  if (log >= 0) log_pages_ = log;
  if (done >= 0) written_back_ = done;
  return code;
}

CommitResult SqliteJournal::maintain(bool idle) {
  if (poison_) return *poison_;
  int waiting = log_pages_ - written_back_;
  bool is_pressing = log_pages_ > options_.checkpoints.pressure_pages;
  if (!is_pressing &&
      waiting <= (idle ? options_.checkpoints.idle_pages : options_.checkpoints.busy_pages)) {
    return {CommitOutcome::kCommitted, {}};
  }
  if (is_pressing) sqlite3_busy_timeout(database_.handle(), kRestartWaitMillis);
  int code = checkpoint(is_pressing ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE);
  if (is_pressing) {
    sqlite3_busy_timeout(database_.handle(), static_cast<int>(options_.busy_timeout.count()));
    if (code == SQLITE_OK) log_pages_ = written_back_ = 0;
  }
  shared_->is_log_too_long = log_pages_ > options_.checkpoints.pressure_pages;
  // Readers and a full disk put it off; what was committed is in the log.
  if (code == SQLITE_OK) return {CommitOutcome::kCommitted, {}};
  std::string message = fmt::format("{}: checkpoint: {}", options_.path, database_.message(code));
  if (outcome_of(code) == CommitOutcome::kNoSpace) return {CommitOutcome::kNoSpace, message};
  return poison(CommitOutcome::kUnknown, std::move(message));
}

Result<std::unique_ptr<JournalReader>> SqliteJournal::open_reader() {
  return open_sqlite_reader(options_, shared_);
}

}  // namespace stepwell::storage
