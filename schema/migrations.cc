// How the tables are laid out, and why.
//
// Rows that carry payloads are keyed by their position, which only rises: they are appended, and a
// commit of many rows touches few pages. The happy path of a step touches one row and the one
// index that makes (run, key) unique; all other indexes of steps are partial and skip such rows.
// Columns of payloads come last, so that reading the others does not touch overflow pages.
//
// NULL stands for "absent" and for zero positions; enumerations have the numbers of schema/run.h
// and schema/op.h; times are milliseconds since 1970, UTC. *_crc: see storage/checksum.h.
#include "schema/migrations.h"

#include <array>

namespace stepwell {
namespace {

constexpr std::string_view kVersion1 = R"sql(
-- Who owns the journal and how far it is. Every commit changes this row and fails if it was changed
-- by somebody else. The counters are kept so that statistics need no scan.
CREATE TABLE shards (
  shard INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  commit_seq INTEGER NOT NULL,
  last_pos INTEGER NOT NULL,
  is_clean INTEGER NOT NULL,
  events INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  open_runs INTEGER NOT NULL,
  pending_steps INTEGER NOT NULL
) STRICT;
INSERT INTO shards VALUES (0, 0, 0, 0, 1, 0, 0, 0, 0);

CREATE TABLE functions (
  id TEXT PRIMARY KEY,
  pos INTEGER NOT NULL,
  is_archived INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  config TEXT NOT NULL
) STRICT;

-- public_id: what functions see as the event's id; NULL if that is the text of `id`.
-- of_run: the event was made by the end of this run, whose row has its data.
CREATE TABLE events (
  pos INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  public_id TEXT,
  has_user_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  version TEXT,
  ts INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  of_run INTEGER,
  crc INTEGER NOT NULL,
  user TEXT NOT NULL,
  data TEXT
) STRICT;
CREATE INDEX events_by_id ON events (id);
CREATE INDEX events_by_user_id ON events (public_id) WHERE has_user_id = 1;
CREATE INDEX events_by_name ON events (name) WHERE of_run IS NULL;
CREATE INDEX events_by_receipt ON events (received_at);

-- event: the first of the events that triggered the run; the others are in run_events.
CREATE TABLE runs (
  no INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  function TEXT NOT NULL,
  status INTEGER NOT NULL,
  event INTEGER,
  event_count INTEGER NOT NULL,
  event_id TEXT,
  created_at INTEGER NOT NULL,
  start_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  ended_pos INTEGER,
  invoker_run INTEGER,
  invoker_step BLOB,
  rerun_of BLOB,
  is_quiet INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  retry_at INTEGER,
  deaths INTEGER NOT NULL,
  deaths_alone INTEGER NOT NULL,
  deaths_pos INTEGER,
  fixed_crc INTEGER NOT NULL,
  result_crc INTEGER NOT NULL,
  error TEXT,
  output TEXT
) STRICT;
CREATE UNIQUE INDEX runs_by_id ON runs (id);
CREATE INDEX runs_by_event ON runs (event);
CREATE INDEX runs_by_event_id ON runs (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX runs_by_function ON runs (function);
CREATE INDEX runs_open ON runs (status) WHERE status < 3;
CREATE INDEX runs_ended ON runs (status) WHERE status >= 3;

CREATE TABLE run_events (
  run INTEGER NOT NULL,
  place INTEGER NOT NULL,
  event INTEGER NOT NULL,
  PRIMARY KEY (run, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_events_by_event ON run_events (event);

CREATE TABLE steps (
  pos INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  key BLOB NOT NULL,
  id TEXT NOT NULL,
  kind INTEGER NOT NULL,
  state INTEGER NOT NULL,
  resolved_pos INTEGER,
  base INTEGER,
  registered_at INTEGER NOT NULL,
  resolved_at INTEGER,
  due INTEGER,
  attempts INTEGER NOT NULL,
  target TEXT,
  expression TEXT,
  resolved_event INTEGER,
  invoked_run INTEGER,
  fixed_crc INTEGER NOT NULL,
  memo_crc INTEGER NOT NULL,
  error TEXT,
  data TEXT
) STRICT;
CREATE UNIQUE INDEX steps_by_key ON steps (run, key);
CREATE INDEX steps_pending ON steps (run) WHERE state = 1;
CREATE INDEX steps_by_event ON steps (resolved_event) WHERE resolved_event IS NOT NULL;

-- Failed attempts only. step: NULL for an attempt of the function's own code.
CREATE TABLE attempts (
  pos INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  step BLOB,
  attempt INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  retry_at INTEGER,
  crc INTEGER NOT NULL,
  error TEXT NOT NULL
) STRICT;
CREATE INDEX attempts_by_run ON attempts (run);
)sql";

// dialect: in which version of the SDKs' protocol the run speaks; 0: it has not said.
constexpr std::string_view kVersion2 = R"sql(
ALTER TABLE runs ADD COLUMN dialect INTEGER NOT NULL DEFAULT 0;
)sql";

// Flow control: what was evaluated for a run when it was scheduled (part of fixed_crc when there is
// any), and what is kept of functions beside their runs. `at` and `data` depend on the kind
// (storage/records.h).
constexpr std::string_view kVersion3 = R"sql(
ALTER TABLE runs ADD COLUMN flow TEXT;

CREATE TABLE flow_states (
  function TEXT NOT NULL,
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  pos INTEGER NOT NULL,
  at INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (function, kind, key, pos)
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::string_view kVersion4 = R"sql(
-- Messages of the channels that ask for a durable history. kind: MessageKind.
CREATE TABLE messages (
  pos INTEGER PRIMARY KEY,
  channel TEXT NOT NULL,
  topic TEXT NOT NULL,
  kind INTEGER NOT NULL,
  run BLOB,
  created_at INTEGER NOT NULL,
  stream TEXT,
  crc INTEGER NOT NULL,
  metadata TEXT,
  data BLOB NOT NULL
) STRICT;

-- Messages up to this position were dropped.
CREATE TABLE message_history (
  shard INTEGER PRIMARY KEY,
  dropped_through INTEGER NOT NULL
) STRICT;
INSERT INTO message_history VALUES (0, 0);

CREATE TABLE topics (
  channel TEXT NOT NULL,
  topic TEXT NOT NULL,
  pos INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  schema TEXT NOT NULL,
  PRIMARY KEY (channel, topic)
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array<Migration, 4> kMigrations{
    {{1, kVersion1}, {2, kVersion2}, {3, kVersion3}, {4, kVersion4}}};

}  // namespace

std::span<const Migration> migrations() {
  return kMigrations;
}

int schema_version() {
  return kMigrations.back().version;
}

}  // namespace stepwell
