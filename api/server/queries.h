// What the read APIs ask of the journal. Each call runs on a reading thread and makes one answer;
// none touches the loop or the core.
#pragma once

#include <string>
#include <string_view>

#include "schema/result.h"
#include "storage/journal.h"

namespace stepwell::server {

inline constexpr size_t kPageSizeMax = 100;

// -- REST v1: raw JSON for the envelope's "data"
// ------------------------------------------------------

// By internal id.
Result<std::string> rest_event(storage::JournalReader& reader, std::string_view id);
// `cursor`: the internal id of the last event of the page before; empty: the first page.
Result<std::string> rest_events(storage::JournalReader& reader, storage::EventFilter filter,
                                std::string_view cursor);
Result<std::string> rest_runs_of_event(storage::JournalReader& reader, std::string_view id);
Result<std::string> rest_run(storage::JournalReader& reader, const RunId& id);

// -- Ours: whole answers --------------------------------------------------------------------------

// {"data":[…],"cursor":…}; the cursor is the id of the page's last run, null behind the last page.
Result<std::string> list_runs(storage::JournalReader& reader, storage::RunFilter filter,
                              std::string_view cursor);
Result<std::string> list_events(storage::JournalReader& reader, storage::EventFilter filter,
                                std::string_view cursor);
// By internal or sender's id: {"data":{…,"runs":[…]}}.
Result<std::string> show_event(storage::JournalReader& reader, std::string_view id);
// `moving`: what the core says of an open run; empty if it is not open.
Result<std::string> show_run(storage::JournalReader& reader, const RunId& id, std::string moving);
Result<std::string> list_functions(storage::JournalReader& reader);
// The journal's figures and findings; `deep` reads everything.
Result<std::string> journal_health(storage::JournalReader& reader, bool deep);

}  // namespace stepwell::server
