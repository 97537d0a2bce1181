// What REST v1 asks of the journal (what people ask of it is in inspect/). Each call runs on a
// reading thread and makes one answer; none touches the loop or the core.
#pragma once

#include <string>
#include <string_view>

#include "schema/result.h"
#include "storage/journal.h"

namespace stepwell::server {

inline constexpr size_t kPageSizeMax = 100;

// The function of an app, named by its whole id or without the app's before it. An empty `app`: of
// any.
Result<FunctionId> find_function(storage::JournalReader& reader, std::string_view app,
                                 std::string_view function);

// Each gives raw JSON for the envelope's "data".

// By internal id.
Result<std::string> rest_event(storage::JournalReader& reader, std::string_view id);
// `cursor`: the internal id of the last event of the page before; empty: the first page.
Result<std::string> rest_events(storage::JournalReader& reader, storage::EventFilter filter,
                                std::string_view cursor);
Result<std::string> rest_runs_of_event(storage::JournalReader& reader, std::string_view id);
Result<std::string> rest_run(storage::JournalReader& reader, const RunId& id);
// What will happen to an open run at a time that is known: its start, attempts, sleeps, timeouts.
Result<std::string> rest_jobs(storage::JournalReader& reader, const RunId& id);

}  // namespace stepwell::server
