// Searching the list of runs for what they carry. Internal to this folder.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "storage/journal.h"

namespace stepwell::server {

// A part of the runs that a search has gone through.
struct FoundRuns {
  std::vector<RunRecord> runs;
  // Where to go on, also when fewer runs were found than asked for: a request looks through a
  // bounded number. Nothing: these were the last.
  std::optional<RunNo> before;
};

// The runs that pass the filter and for which all conditions of `query` hold, newest first.
// kInvalid, with the place, for what can't be searched for.
Result<FoundRuns> search_runs(std::string_view query, storage::RunFilter filter,
                              storage::JournalReader& reader);

}  // namespace stepwell::server
