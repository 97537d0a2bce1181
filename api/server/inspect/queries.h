// The read model: what people and programs may ask of the journal, each question a pure function
// from its parameters and one reader to JSON text. The HTTP server and the command line share them.
//
// Every answer is {"data": …}; lists add "cursor", to be sent back as ?cursor= for the next page,
// null on the last one. Times are RFC 3339, UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/server/request.h"
#include "engine/core/core.h"
#include "storage/journal.h"

namespace stepwell::server {

// What a question needs from the core besides the journal. The core lives on the loop thread and
// the queries on reading threads: it is asked first, and what it says travels with the request.
enum class CoreView : uint8_t {
  kNothing,
  kWakeSource,  // why the run {id} does not move
  kHealth,      // the core's own consistency check
  kFunction,    // what the core knows of the function {id}
  kPaused,      // which functions are paused
};

// What the core said of itself.
struct CoreHealth {
  std::vector<core::Finding> findings;
  size_t open_runs = 0;
  size_t hot_bytes = 0;
  uint64_t lookback_overflows = 0;
};

struct QueryRequest {
  std::string id;     // the path's {id}; empty where it has none
  NamedValues query;  // decoded
  Time now{};
  std::optional<core::WakeSource> wake;  // for kWakeSource; nothing: the run is not open
  std::optional<CoreHealth> health;      // for kHealth
  std::string server;                    // for kHealth: raw JSON, the server's own figures
  bool is_out_of_space = false;          // for kHealth
  // For kFunction; nothing: there is no such function, or the engine does not serve.
  std::optional<core::FunctionView> function = {};
  std::vector<FunctionId> paused = {};  // for kPaused, in order
};

// Answers one question. kInvalid for parameters that are wrong or unknown, kNotFound; what the
// reader reports passes through.
using QueryFunction = Result<std::string> (*)(const QueryRequest&, storage::JournalReader&);

struct Query {
  std::string_view pattern;  // of the path, as the router's
  CoreView needs = CoreView::kNothing;
  QueryFunction answer = nullptr;
};

// All of them; each is asked with GET.
std::span<const Query> queries();

// GET /api/runs: newest first; ?function= &status= (several: commas) &from= &until= &event=
// &limit= &cursor= &query= (docs/expressions.md, "Searching runs"). A search looks through a
// bounded number of runs at a time: a page may have fewer than `limit`, and a cursor none the less.
Result<std::string> list_runs(const QueryRequest& request, storage::JournalReader& reader);

// GET /api/runs/{id}: the trace. The run, what triggered it, its steps with their failed attempts,
// and for an open run why it is not moving.
Result<std::string> show_run(const QueryRequest& request, storage::JournalReader& reader);

// GET /api/events: newest first, each with the runs that it triggered; ?name= &internal=true
// &from= &until= &limit= &cursor=.
Result<std::string> list_events(const QueryRequest& request, storage::JournalReader& reader);

// GET /api/events/{id}: by internal or sender's id; with its other copies, the runs that it
// triggered, those in which it ended a wait, and those that it cancelled.
Result<std::string> show_event(const QueryRequest& request, storage::JournalReader& reader);

// GET /api/functions: by id; ?archived=true adds those that left their app.
Result<std::string> list_functions(const QueryRequest& request, storage::JournalReader& reader);

// GET /api/functions/{id}: its configuration, whether it is paused, its open runs, the limits that
// hold runs back, and when its schedules are due next.
Result<std::string> show_function(const QueryRequest& request, storage::JournalReader& reader);

// GET /api/doctor: the checks of the journal, the core and the library, with counts; ?deep=true
// reads the whole journal.
Result<std::string> run_doctor(const QueryRequest& request, storage::JournalReader& reader);

}  // namespace stepwell::server
