// The journal: the durable record of events, runs, steps and timers. This is the seam between the
// engine and a database. It speaks in domain records; a PostgreSQL-wire database can do so as
// well as SQLite does. Storage decides nothing: the core decides, and states preconditions.
//
// Threads: a Journal is used by one thread at a time (the journal thread); each reader too, by any
// one thread. Readers and the journal may be used at the same time by different threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "storage/records.h"

namespace stepwell::storage {

// How a commit ended. There are no other ways.
enum class CommitOutcome : uint8_t {
  kCommitted,
  kFenced,              // a newer owner has the shard; nothing was written
  kPreconditionFailed,  // nothing was written; with one owner this is a bug
  kNoSpace,             // nothing was written, and nothing will have been
  kUnknown,             // it may or may not be durable: only recovery can tell
};

std::string_view commit_outcome_name(CommitOutcome outcome);

struct CommitResult {
  CommitOutcome outcome = CommitOutcome::kUnknown;
  std::string message;  // for people, when not committed: what failed
  // Committed, but there is room only for what ends something: take nothing new in.
  bool uses_reserve = false;
  // kNoSpace: not for want of room, but because another program holds the database's lock.
  bool is_locked = false;
};

// What an owner learns when it takes a shard.
struct Ownership {
  uint64_t epoch = 0;     // raised by one at each acquisition
  uint64_t next_seq = 0;  // the first batch's expect_seq
  Position last_pos = 0;  // the highest position given out by an earlier owner
  bool was_clean = true;  // the earlier owner stopped in order (true for a new journal)
};

// An open run as recovery needs it: what wakes it, without its payloads.
struct OpenRun {
  RunRecord run;                    // `output` empty
  std::vector<StepRecord> pending;  // `data` empty
  Position last_resolved = 0;       // the highest resolved_pos of its steps; 0: none
  Position last_record = 0;         // the highest position recorded for it at all
};

// Everything that is recorded of one run.
struct RunSnapshot {
  RunRecord run;
  std::vector<EventRecord> events;      // its triggers, in the order of run.events
  std::vector<StepRecord> steps;        // by position
  std::vector<AttemptRecord> attempts;  // by position; only if asked for
  uint64_t as_of_seq = 0;               // the number of batches that the reader saw as committed
};

// Of the copies of an event only the newest so many are looked at: a sender that gives all its
// events one id would make each look-up longer than the one before it.
inline constexpr size_t kCopiesMax = 1000;

// What earlier events of an id have done, within the window. An id starts a function once, whatever
// the events are called; a wait or a cancellation passes over those of the same name only.
struct EventHistory {
  struct Started {
    FunctionId function;
    RunNo run = 0;
    std::string event;  // the name of the one that did
    auto operator<=>(const Started&) const = default;
  };
  struct Resumed {  // a wait of it ended, or it was cancelled
    RunNo run = 0;
    std::string event;
    auto operator<=>(const Resumed&) const = default;
  };
  struct Copy {
    Position pos = 0;
    std::string event;  // its name
    bool operator==(const Copy&) const = default;
  };
  std::vector<Copy> copies;      // the newest accepted events of the id, oldest first
  std::vector<Started> started;  // runs that they started, or are part of the batch of; no reruns
  std::vector<Resumed> resumed;  // runs that they moved, and reruns of what they started
};

// By number, each run once for each name.
void sort_started(EventHistory& history);

struct RunFilter {
  std::optional<FunctionId> function;
  std::vector<RunStatus> statuses;       // empty: all
  std::optional<Time> created_from;      // inclusive
  std::optional<Time> created_until;     // exclusive
  std::optional<Position> of_event;      // runs that this event triggered
  std::optional<Position> resumed_by;    // runs of which this event ended a wait
  std::optional<Position> cancelled_by;  // runs that this event cancelled
  std::optional<RunNo> before;           // keyset cursor: runs with a smaller number
  size_t limit = 50;
};

struct EventFilter {
  std::optional<std::string> name;
  bool include_internal = false;
  std::optional<Time> received_from;   // inclusive
  std::optional<Time> received_until;  // exclusive
  std::optional<Position> before;      // keyset cursor
  size_t limit = 50;
};

struct StoredFunction {
  FunctionConfig config;
  bool archived = false;
};

// A row of flow state.
using FlowState = PutFlowState;

// A page of the durable history of messages.
struct MessagePage {
  std::vector<MessageRecord> messages;  // by position
  Position dropped_through = 0;         // those up to here were dropped; 0: none
};

struct JournalStats {
  uint64_t events = 0;
  uint64_t runs = 0;
  uint64_t open_runs = 0;
  uint64_t pending_steps = 0;
  uint64_t file_bytes = 0;
  uint64_t log_bytes = 0;  // the write-ahead log
};

// Reads. Each call sees one consistent snapshot of committed batches, reads one bounded page, and
// lasts about a second at most (kUnavailable beyond that). Keyset cursors, never offsets.
class JournalReader {
 public:
  virtual ~JournalReader() = default;

  // From now on this reader serves the engine itself: its reads are never refused to spare the
  // log, and take as long as they take. The engine cannot go on without them.
  virtual void serve_engine() {}

  // Open runs with a number above `after`, in the order of their numbers, at most `limit`.
  // All pages of one recovery are read before the first write.
  virtual Result<std::vector<OpenRun>> open_runs(RunNo after, size_t limit) = 0;

  // One run with its steps and events. kNotFound if there is none.
  virtual Result<RunSnapshot> load_run(RunNo no, bool with_attempts) = 0;

  // Nothing if there is no such run.
  virtual Result<std::optional<RunRecord>> find_run(const RunId& id) = 0;

  // What earlier copies of the event with this id (its sender's, or a seeded internal one) did
  // since `since`. Runs that such an event was the first to trigger are all there; what else its
  // copies did, of the newest kCopiesMax.
  virtual Result<EventHistory> event_history(std::string_view event_id, Time since) = 0;

  // Events received at or after `since`, oldest first, internal ones left out: of them the newest,
  // at most `limit` and as many as have `bytes_max` bytes of text. The look-back window at a start.
  virtual Result<std::vector<EventRecord>> recent_events(Time since, size_t limit,
                                                         size_t bytes_max) = 0;

  virtual Result<std::vector<StoredFunction>> functions() = 0;

  // Flow state behind `after` (from the start without it), in the order of the keys, at most
  // `limit`. All pages of one recovery are read before the first write.
  virtual Result<std::vector<FlowState>> flow_states(const std::optional<FlowStateKey>& after,
                                                     size_t limit) = 0;

  // Messages above `after`, oldest first, at most `limit`.
  virtual Result<MessagePage> messages(Position after, size_t limit) = 0;

  // By channel and topic.
  virtual Result<std::vector<TopicRecord>> topics() = 0;

  // Newest first.
  virtual Result<std::vector<RunRecord>> list_runs(const RunFilter& filter) = 0;
  virtual Result<std::vector<EventRecord>> list_events(const EventFilter& filter) = 0;

  // By internal id (the first event that has it: a sender that repeats its seed repeats the id, and
  // only the first one starts runs), or by a sender's id (the newest copy). Nothing if there is
  // none.
  virtual Result<std::optional<EventRecord>> find_event(std::string_view id) = 0;
  virtual Result<std::optional<EventRecord>> event_at(Position pos) = 0;

  virtual Result<JournalStats> stats() = 0;

  // The storage's own consistency check: `deep` reads everything. Findings, empty when sound.
  virtual Result<std::vector<std::string>> check(bool deep) = 0;
};

class Journal {
 public:
  virtual ~Journal() = default;

  // Takes the shard: raises its epoch and marks it as in use. Call once, before the first commit.
  virtual Result<Ownership> acquire(ShardId shard) = 0;

  // Writes a batch atomically; returns when it is durable, or when it is known how it ended. After
  // kUnknown or kFenced the journal is poisoned: every further commit answers the same.
  virtual CommitResult commit(const Batch& batch) = 0;

  // Housekeeping between commits (a bounded checkpoint); called when the journal thread is idle,
  // and after each commit. Cheap when there is nothing to do. kNoSpace: a full disk or a reader
  // puts it off; call again in a while, also if nothing is committed until then. Any other failure
  // poisons the journal.
  virtual CommitResult maintain(bool idle) = 0;

  // A new reader. May be called from any thread.
  virtual Result<std::unique_ptr<JournalReader>> open_reader() = 0;
};

}  // namespace stepwell::storage
