#include <fmt/core.h>

#include "api/server/inspect/parameters.h"
#include "api/server/inspect/queries.h"
#include "engine/runtime/runtime.h"
#include "schema/json.h"
#include "storage/sqlite/version.h"

namespace stepwell::server {
namespace {

// {"name":…,"about":…,"status":"ok"|"note"|"warning"|"error","findings":[…]}.
void write_check(JsonWriter& json, std::string_view name, std::string_view about,
                 std::string_view status, const std::vector<std::string>& findings) {
  json.begin_object().key("name").string(name).key("about").string(about);
  json.key("status").string(findings.empty() ? "ok" : status);
  json.key("findings").begin_array();
  for (const std::string& finding : findings) json.string(finding);
  json.end_array().end_object();
}

void write_core_check(JsonWriter& json, const CoreHealth& health) {
  std::vector<std::string> findings;
  for (const core::Finding& finding : health.findings) {
    findings.push_back(finding.run.ulid.is_zero()
                           ? finding.what
                           : fmt::format("run {}: {}", finding.run.to_string(), finding.what));
  }
  write_check(json, "engine", "what will wake each open run", "error", findings);
  findings.clear();
  if (health.lookback_overflows > 0) {
    findings.push_back(
        fmt::format("{} events left the look-back window early: waits may not have seen them",
                    health.lookback_overflows));
  }
  write_check(json, "look-back", "events that waits may still see", "warning", findings);
}

void write_sqlite_check(JsonWriter& json) {
  std::vector<std::string> findings;
  if (storage::sqlite_has_wal_reset_bug(storage::sqlite_version_number())) {
    findings.push_back(fmt::format(
        "let no other program write to the file: Stepwell, its single writer, is safe, but in "
        "SQLite "
        "{} two writers can damage a write-ahead log (fixed in 3.51.3, 3.50.7 and 3.44.6)",
        storage::sqlite_version_text()));
  }
  // A rule for operators, not a fault: nothing can be done about it here and now.
  write_check(json, "sqlite", "this release of it", "note", findings);
}

void write_counts(JsonWriter& json, const storage::JournalStats& stats,
                  const std::optional<CoreHealth>& health) {
  const auto count = [&](std::string_view key, uint64_t value) {
    json.key(key).integer(static_cast<int64_t>(value));
  };
  json.key("counts").begin_object();
  count("events", stats.events);
  count("runs", stats.runs);
  count("open_runs", stats.open_runs);
  count("pending_steps", stats.pending_steps);
  count("file_bytes", stats.file_bytes);
  count("log_bytes", stats.log_bytes);
  if (health) count("hot_bytes", health->hot_bytes);
  json.end_object();
}

// Damage is what doctor is asked about: a finding, not the end of the other checks.
template <typename T>
Result<std::optional<T>> or_finding(Result<T> read, std::vector<std::string>& findings) {
  if (read) return std::optional(std::move(*read));
  const ErrorCode code = read.error().code;
  if (code != ErrorCode::kCorrupt && code != ErrorCode::kIo) return read.error();
  findings.push_back(read.error().message);
  return std::optional<T>();
}

}  // namespace

Result<std::string> run_doctor(const QueryRequest& request, storage::JournalReader& reader) {
  bool deep = false;
  for (const auto& [name, value] : request.query) {
    if (name != "deep") return unknown_parameter(name, "deep");
    Result<bool> flag = read_flag(name, value);
    if (!flag) return flag.error();
    deep = *flag;
  }
  std::vector<std::string> findings;
  auto checked = or_finding(reader.check(deep), findings);
  if (!checked) return checked.error();
  if (*checked) findings = std::move(**checked);
  auto stats = or_finding(reader.stats(), findings);
  if (!stats) return stats.error();
  if (!findings.empty()) {
    findings.emplace_back(
        "Keep the file as it is, with its -wal, and go on from a backup: docs/operations.md");
  }
  JsonWriter json;
  json.begin_object().key("data").begin_object().key("checks").begin_array();
  write_check(json, "journal",
              deep ? "every page, row and checksum, and what rows say of others"
                   : "its pages, open runs and counters; --deep reads every row",
              "error", findings);
  if (!request.server.empty()) {
    std::vector<std::string> full;
    if (request.is_out_of_space) {
      full.emplace_back(runtime::kDiskIsFull);
    }
    write_check(json, "disk", "room for the journal", "error", full);
  }
  if (request.health) write_core_check(json, *request.health);
  write_sqlite_check(json);
  json.end_array();
  if (*stats) write_counts(json, **stats, request.health);
  if (!request.server.empty()) json.key("server").raw(request.server);
  return json.end_object().end_object().take();
}

}  // namespace stepwell::server
