#include <fmt/core.h>

#include "api/server/inspect/parameters.h"
#include "api/server/inspect/queries.h"
#include "schema/json.h"
#include "storage/sqlite/version.h"

namespace stepwell::server {
namespace {

// {"name":…,"status":"ok"|"warning"|"error","findings":[…]}.
void write_check(JsonWriter& json, std::string_view name, std::string_view status,
                 const std::vector<std::string>& findings) {
  json.begin_object().key("name").string(name);
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
  write_check(json, "engine", "error", findings);
  findings.clear();
  if (health.lookback_overflows > 0) {
    findings.push_back(
        fmt::format("{} events left the look-back window early: waits may not have seen them",
                    health.lookback_overflows));
  }
  write_check(json, "look-back", "warning", findings);
}

void write_sqlite_check(JsonWriter& json) {
  std::vector<std::string> findings;
  if (storage::sqlite_has_wal_reset_bug(storage::sqlite_version_number())) {
    findings.push_back(fmt::format(
        "SQLite {} can corrupt a write-ahead log that two programs write (fixed in 3.51.3, 3.50.7 "
        "and 3.44.6). Stepwell's single writer avoids it; let no other program write or checkpoint "
        "the file",
        storage::sqlite_version_text()));
  }
  write_check(json, "sqlite", "warning", findings);
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

}  // namespace

Result<std::string> run_doctor(const QueryRequest& request, storage::JournalReader& reader) {
  bool deep = false;
  for (const auto& [name, value] : request.query) {
    if (name != "deep") return unknown_parameter(name, "deep");
    Result<bool> flag = read_flag(name, value);
    if (!flag) return flag.error();
    deep = *flag;
  }
  Result<std::vector<std::string>> findings = reader.check(deep);
  if (!findings) return findings.error();
  Result<storage::JournalStats> stats = reader.stats();
  if (!stats) return stats.error();
  JsonWriter json;
  json.begin_object().key("data").begin_object().key("checks").begin_array();
  write_check(json, "journal", "error", *findings);
  if (request.health) write_core_check(json, *request.health);
  write_sqlite_check(json);
  json.end_array();
  write_counts(json, *stats, request.health);
  if (!request.server.empty()) json.key("server").raw(request.server);
  return json.end_object().end_object().take();
}

}  // namespace stepwell::server
