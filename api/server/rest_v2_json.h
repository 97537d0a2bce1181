// What REST v2 answers: its envelope, its errors, and runs as it shows them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/server/gateway.h"
#include "schema/json.h"
#include "storage/journal.h"

namespace stepwell::server {

// {"errors":[{"code","message"}]}
Response v2_error(int status, std::string_view message);
Response v2_failure(const Error& error);

// {"data":…,"metadata":…} around raw JSON.
Response v2_data(int status, std::string_view data);

// The same for a page of a list; without a cursor it is the last one. Any thread.
struct V2Page {
  std::string data;  // raw JSON, a list
  std::optional<std::string> cursor;
  size_t limit = 0;
};
Response v2_page(const V2Page& page);

// Member `key` with a time, or null.
void append_v2_time(JsonWriter& out, std::string_view key, const std::optional<Time>& time);

// "QUEUED", "RUNNING" …
std::string_view v2_status(RunStatus status);
std::optional<RunStatus> parse_v2_status(std::string_view word);  // any case

enum class V2Output { kShown, kLeftOut };
Result<V2Output> read_v2_output(std::string_view value);  // of the parameter includeOutput

// A run as an object; the reader finds the events that triggered it.
Result<void> append_v2_run(JsonWriter& out, const RunRecord& run,
                           const std::vector<storage::StoredFunction>& functions,
                           storage::JournalReader& reader, V2Output output = V2Output::kShown);

// As Gateway::answer_query, with this API's errors; `query` makes the whole answer.
void answer_v2(Gateway& gateway, const Responder& responder,
               std::function<Result<Response>(storage::JournalReader&)> query);

}  // namespace stepwell::server
