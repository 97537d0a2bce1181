#include "api/server/inspect/search_runs.h"

#include <algorithm>

#include "api/server/queries.h"
#include "engine/expr/search.h"

namespace stepwell::server {
namespace {

// So many runs are looked at for one request, and read at a time: each may have an output of
// megabytes.
constexpr size_t kRunsLookedAtMax = 5000;
constexpr size_t kRunsReadMax = 50;

// Texts that RunFacts borrows.
struct Texts {
  std::string event;
  std::string error;
};

Result<bool> is_found(const expr::RunSearch& search, const RunRecord& run,
                      storage::JournalReader& reader) {
  Texts texts;
  expr::RunFacts facts;
  if (search.reads("event") && !run.events.empty()) {
    Result<std::optional<EventRecord>> event = reader.event_at(run.events.front());
    if (!event) return event.error();
    if (*event) {
      texts.event = event_json((**event).event);
      facts.event = JsonView::trusted(texts.event);
    }
  }
  if (!run.output.empty()) facts.output = JsonView::trusted(run.output);
  if (run.error) {
    texts.error = error_json(*run.error);
    facts.error = JsonView::trusted(texts.error);
  }
  return search.matches(facts);
}

}  // namespace

Result<FoundRuns> search_runs(std::string_view query, storage::RunFilter filter,
                              storage::JournalReader& reader) {
  const auto search = expr::RunSearch::compile(query);
  if (!search) {
    return Error{ErrorCode::kInvalid, "query: " + search.error().to_string()};
  }
  if (search->conditions().empty()) {
    return Error{ErrorCode::kInvalid, "query has no condition"};
  }
  FoundRuns found;
  const size_t wanted = filter.limit;
  size_t looked_at = 0;
  while (true) {
    filter.limit = std::min(kRunsReadMax, kRunsLookedAtMax - looked_at);
    const Result<std::vector<RunRecord>> page = reader.list_runs(filter);
    if (!page) return page.error();
    for (const RunRecord& run : *page) {
      found.before = filter.before = run.no;
      const Result<bool> is_one = is_found(*search, run, reader);
      if (!is_one) return is_one.error();
      if (*is_one) found.runs.push_back(run);
      if (found.runs.size() == wanted) return found;
    }
    looked_at += page->size();
    if (page->size() < filter.limit) break;
    if (looked_at == kRunsLookedAtMax) return found;
  }
  found.before.reset();
  return found;
}

}  // namespace stepwell::server
