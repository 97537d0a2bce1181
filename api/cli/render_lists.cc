#include "api/cli/render_lists.h"

#include <fmt/core.h>

#include "api/cli/table.h"
#include "api/cli/text.h"
#include "api/cli/when.h"

namespace stepwell::cli {
namespace {

// The harmless text of a member; empty if there is none.
std::string text_of(const JsonView& object, std::string_view key) {
  const std::optional<JsonView> value = object.find(key);
  return value ? neutralise(value->as_string().value_or("")) : std::string();
}

std::optional<Time> time_of(const JsonView& object, std::string_view key) {
  const std::optional<JsonView> value = object.find(key);
  const Result<Time> time = parse_rfc3339(value ? value->as_string().value_or("") : std::string());
  return time ? std::optional(*time) : std::nullopt;
}

// The member `key`, null if there is none: for loops over what may be missing.
JsonView member(const JsonView& object, std::string_view key) {
  return object.find(key).value_or(JsonView());
}

std::string ago(const JsonView& object, std::string_view key, const Screen& screen) {
  const std::optional<Time> time = time_of(object, key);
  return time ? relative_time(*time, screen.now) : std::string();
}

// How long a run has taken, or takes already.
std::string took(const JsonView& run, const Screen& screen) {
  const std::optional<Time> begin = time_of(run, "started_at");
  if (!begin) return "";
  return short_duration(time_of(run, "ended_at").value_or(screen.now) - *begin);
}

// What a list says below itself when there is more.
std::string more_hint(const JsonView& answer, const Screen& screen) {
  const std::string cursor = text_of(answer, "cursor");
  if (cursor.empty()) return "";
  return screen.paint(Colour::kDim, "There is more: --cursor " + cursor + "\n");
}

Table runs_table() {
  return Table({{"RUN"},
                {"FUNCTION", false, true},
                {"STATUS"},
                {"CREATED"},
                {"TOOK", true},
                {"TRIGGER", false, true}});
}

void add_run(Table& table, const JsonView& run, const Screen& screen) {
  const std::string status = state_word(text_of(run, "status"), text_of(run, "waiting_for"));
  std::string detail = text_of(member(run, "event"), "name");
  const JsonView error = member(run, "error");
  if (error.is_object()) {
    detail += fmt::format("  {}: {}", text_of(error, "name"), text_of(error, "message"));
  }
  table.add({{text_of(run, "id")},
             {text_of(run, "function")},
             {status, status_colour(status)},
             {ago(run, "created_at", screen)},
             {took(run, screen)},
             {detail}});
}

// What an event did, shortly: "bill Completed, ← ship Running" (it ended a wait of ship), "⊘ pay"
// (it cancelled pay).
std::string effects_words(const JsonView& item) {
  std::string text;
  for (const std::string_view key : {"runs", "resumed", "cancelled"}) {
    for (JsonElements it = member(item, key).elements(); it.next();) {
      if (!text.empty()) text += ", ";
      if (key == "resumed") text += "← ";
      if (key == "cancelled") text += "⊘ ";
      text += text_of(it.value(), "function");
      if (key != "cancelled") text += " " + text_of(it.value(), "status");
    }
  }
  return text;
}

std::string section(std::string_view title, const JsonView& runs, const Screen& screen) {
  Table table = runs_table();
  for (JsonElements it = runs.elements(); it.next();) add_run(table, it.value(), screen);
  if (table.empty()) return "";
  return "\n" + screen.paint(Colour::kBold, title) + "\n" + table.render(screen);
}

// Behind a section that does not show all; only the runs that an event triggered can be listed.
std::string rest_of(const JsonView& data, const std::string& key, const std::string& id) {
  if (member(data, key + "_more").as_bool() != true) return "";
  return key == "runs" ? "There are more: stepwell runs list --event " + id + "\n"
                       : std::string("There are more\n");
}

std::string trigger_words(const JsonView& config) {
  std::string text;
  for (JsonElements it = member(config, "triggers").elements(); it.next();) {
    if (!text.empty()) text += ", ";
    text += text_of(it.value(), "event") + text_of(it.value(), "cron");
    const std::string condition = text_of(it.value(), "if");
    if (!condition.empty()) text += " if " + condition;
  }
  return text.empty() ? "only invoked" : text;
}

std::string bytes_words(int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

// What a count of doctor counts, where its name does not say it.
std::string_view count_words(std::string_view key) {
  if (key == "events") return "the engine's own among them (events list --internal)";
  if (key == "open_runs") return "not ended";
  if (key == "pending_steps") return "what open runs wait for";
  if (key == "file_bytes") return "the journal's file";
  if (key == "log_bytes") return "its write-ahead log";
  if (key == "hot_bytes") return "what open runs hold in memory";
  return "";
}

}  // namespace

std::string render_runs(const JsonView& answer, const Screen& screen) {
  Table table = runs_table();
  for (JsonElements it = member(answer, "data").elements(); it.next();) {
    add_run(table, it.value(), screen);
  }
  if (table.empty()) return "No runs.\n";
  return table.render(screen) + more_hint(answer, screen);
}

std::string render_events(const JsonView& answer, const Screen& screen) {
  Table table({{"EVENT"},
               {"NAME", false, true},
               {"RECEIVED"},
               {"RUNS", false, true},
               {"DATA", false, true}});
  for (JsonElements it = member(answer, "data").elements(); it.next();) {
    const JsonView event = member(it.value(), "event");
    table.add({{text_of(event, "internal_id")},
               {text_of(event, "name")},
               {ago(event, "received_at", screen)},
               {effects_words(it.value())},
               {fit(compact_json(member(event, "data").text()), screen.width), Colour::kDim}});
  }
  if (table.empty()) return "No events.\n";
  return table.render(screen) + more_hint(answer, screen);
}

std::string render_event(const JsonView& answer, const Screen& screen) {
  const JsonView data = member(answer, "data");
  const JsonView event = member(data, "event");
  const auto fact = [&](std::string_view name, const std::string& value) {
    return value.empty() ? std::string()
                         : "  " + screen.paint(Colour::kDim, pad(name, 11)) + value + "\n";
  };
  std::string out = screen.paint(Colour::kBold, text_of(event, "name")) + "  " +
                    text_of(event, "internal_id") + "\n\n";
  if (text_of(event, "id") != text_of(event, "internal_id"))
    out += fact("id", text_of(event, "id"));
  const std::optional<Time> received = time_of(event, "received_at");
  if (received)
    out += fact("received",
                clock_time(*received) + " UTC (" + relative_time(*received, screen.now) + ")");
  const std::optional<Time> ts = time_of(event, "ts");
  if (ts && ts != received) out += fact("ts", clock_time(*ts) + " UTC");
  out += fact("data", indent_json(member(event, "data").text(), 13));
  if (compact_json(member(event, "user").text()) != "{}") {
    out += fact("user", indent_json(member(event, "user").text(), 13));
  }
  for (JsonElements it = member(data, "copies").elements(); it.next();) {
    out += fact("copy", text_of(it.value(), "internal_id") + ", received " +
                            ago(it.value(), "received_at", screen));
  }
  const std::string id = text_of(event, "internal_id");
  const std::string effects =
      section("Runs that it triggered", member(data, "runs"), screen) + rest_of(data, "runs", id) +
      section("Runs in which it ended a wait", member(data, "resumed"), screen) +
      rest_of(data, "resumed", id) +
      section("Runs that it cancelled", member(data, "cancelled"), screen) +
      rest_of(data, "cancelled", id);
  out += effects.empty() ? "\nIt triggered no run, ended no wait and cancelled no run\n" : effects;
  for (JsonElements it = member(data, "copies").elements(); it.next();) {
    const std::string copy = "its copy " + text_of(it.value(), "internal_id");
    out += section("Runs that " + copy + " triggered", member(it.value(), "runs"), screen);
    out +=
        section("Runs in which " + copy + " ended a wait", member(it.value(), "resumed"), screen);
    out += section("Runs that " + copy + " cancelled", member(it.value(), "cancelled"), screen);
  }
  return out;
}

std::string render_functions(const JsonView& answer, const Screen& screen) {
  Table table({{"FUNCTION"},
               {"APP", false, true},
               {"DRIVER"},
               {"RETRIES", true},
               {"TRIGGERS", false, true}});
  for (JsonElements it = member(answer, "data").elements(); it.next();) {
    const JsonView config = member(it.value(), "config");
    const bool is_archived = member(it.value(), "archived").as_bool().value_or(false);
    const bool is_paused = member(it.value(), "paused").as_bool().value_or(false);
    const std::string_view state = is_archived ? "archived; " : is_paused ? "paused; " : "";
    table.add({{text_of(config, "id"), is_archived ? Colour::kDim : Colour::kPlain},
               {text_of(config, "app")},
               {text_of(config, "driver")},
               {std::string(member(config, "retries").text())},
               {std::string(state) + trigger_words(config)}});
  }
  if (table.empty()) return "No functions: none was ever registered here.\n";
  return table.render(screen);
}

std::string render_doctor(const JsonView& answer, const Screen& screen) {
  const JsonView data = member(answer, "data");
  std::string out;
  for (JsonElements it = member(data, "checks").elements(); it.next();) {
    const std::string status = text_of(it.value(), "status");
    const Colour colour = status == "ok"        ? Colour::kGreen
                          : status == "note"    ? Colour::kCyan
                          : status == "warning" ? Colour::kYellow
                                                : Colour::kRed;
    const std::string about = text_of(it.value(), "about");
    out += screen.paint(colour, pad(status, 8)) + " " + text_of(it.value(), "name");
    if (!about.empty()) out += screen.paint(Colour::kDim, " (" + about + ")");
    out += "\n";
    for (JsonElements found = member(it.value(), "findings").elements(); found.next();) {
      out += "         " + neutralise(found.value().as_string().value_or("")) + "\n";
    }
  }
  out += "\n";
  for (JsonMembers it = member(data, "counts").members(); it.next();) {
    const std::string key = neutralise(it.key());
    const int64_t value = it.value().as_int64().value_or(0);
    const bool is_bytes = key.size() > 6 && key.substr(key.size() - 6) == "_bytes";
    const std::string amount = is_bytes ? bytes_words(value) : std::to_string(value);
    const std::string_view meaning = count_words(key);
    out += screen.paint(Colour::kDim, pad(key, 16)) + (meaning.empty() ? amount : pad(amount, 10));
    if (!meaning.empty()) {
      out += screen.paint(Colour::kDim, "  " + std::string(meaning));
    }
    out += "\n";
  }
  return out;
}

}  // namespace stepwell::cli
