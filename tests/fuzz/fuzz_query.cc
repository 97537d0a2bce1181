// Query strings of the questions that people ask: each is answered with JSON, or refused with an
// error that is the asker's. And those that say which runs to start again, and where to publish.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/realtime/realtime_routes.h"
#include "api/server/inspect/queries.h"
#include "api/server/life_routes.h"
#include "api/server/queries.h"
#include "api/server/request.h"
#include "api/server/rest_routes.h"
#include "schema/check.h"
#include "schema/json.h"
#include "storage/memory/memory_journal.h"
#include "tests/storage/builders.h"

using namespace stepwell;
using namespace stepwell::server;

namespace {

// A journal with a bit of everything.
storage::JournalReader& reader() {
  using namespace stepwell::storage;
  static MemoryJournal journal;
  static const std::unique_ptr<JournalReader> made = [] {
    const Ownership ownership = journal.acquire(0).value();
    Batch batch{.epoch = ownership.epoch, .last_pos = 20};
    batch.records = {PutFunction{make_function("app-fn"), false, 1},
                     PutEvent{make_sent_event(2, "sent")},
                     PutRun{make_run(3, 2)},
                     PutStep{make_step(4, 3, "a")},
                     PutStep{make_wait(5, 3, "w")},
                     PutRun{make_run(6)}};
    CHECK_INVARIANT(journal.commit(batch).outcome == CommitOutcome::kCommitted);
    return journal.open_reader().value();
  }();
  return *made;
}

void check_routes(const NamedValues& query) {
  if (const auto selection = read_selection(query)) {
    CHECK_INVARIANT(selection->query.size() > 1, "all runs that there are would start again");
  }
  Request request;
  request.query = query;
  if (const auto limit = read_limit(request, 20, 100)) {
    CHECK_INVARIANT(*limit >= 1 && *limit <= 100);
  }
  static_cast<void>(read_time(request, "received_after"));
  if (const auto target = realtime::read_target(request)) {
    CHECK_INVARIANT(!target->channel.empty() && !target->topic.empty());
    CHECK_INVARIANT(target->metadata.empty() || parse_json(target->metadata).ok());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // "<id>?<query>", as the path ends.
  const size_t split = std::min(text.find('?'), text.size());
  const auto id = percent_decode(text.substr(0, split), PlusSign::kLiteral);
  const auto query = parse_query(split < text.size() ? text.substr(split + 1) : "");
  if (!id || !query) return 0;
  check_routes(*query);
  QueryRequest request{.id = *id, .query = *query, .now = from_millis(1'790'000'000'000)};
  request.health = CoreHealth{};
  request.server = "{}";
  for (const Query& each : queries()) {
    const auto answer = each.answer(request, reader());
    if (answer) {
      CHECK_INVARIANT(parse_json(*answer, {.max_depth = 200}).ok(), "an answer is no JSON");
      continue;
    }
    const ErrorCode code = answer.error().code;
    CHECK_INVARIANT(code == ErrorCode::kInvalid || code == ErrorCode::kNotFound,
                    "a question broke the journal");
  }
  const auto events = rest_events(reader(), {}, *id);
  CHECK_INVARIANT(!events || parse_json(*events, {.max_depth = 200}).ok());
  return 0;
}
