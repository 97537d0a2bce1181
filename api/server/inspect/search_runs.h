// Finding runs by their columns and by what they carry.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "api/server/request.h"
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

// The runs that the parameters of GET /api/runs name, newest first, one page. kInvalid for
// parameters that are wrong or unknown, kNotFound for a function that there is not.
Result<FoundRuns> find_runs(const NamedValues& query, storage::JournalReader& reader);

// The runs that pass the filter and for which all conditions of `query` hold, newest first.
// kInvalid, with the place, for what can't be searched for.
Result<FoundRuns> search_runs(std::string_view query, storage::RunFilter filter,
                              storage::JournalReader& reader);

}  // namespace stepwell::server
