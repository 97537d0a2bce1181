#include "api/cli/render_function.h"

#include <fmt/core.h>

#include "api/cli/table.h"
#include "api/cli/text.h"
#include "api/cli/when.h"

namespace stepwell::cli {
namespace {

std::string text_of(const JsonView& object, std::string_view key) {
  const std::optional<JsonView> value = object.find(key);
  return value ? neutralise(value->as_string().value_or("")) : std::string();
}

JsonView member(const JsonView& object, std::string_view key) {
  return object.find(key).value_or(JsonView());
}

int64_t number_of(const JsonView& object, std::string_view key) {
  return member(object, key).as_int64().value_or(0);
}

std::string moment(const JsonView& object, std::string_view key, const Screen& screen) {
  const Result<Time> time = parse_rfc3339(member(object, key).as_string().value_or(""));
  if (!time) return "";
  return fmt::format("{} UTC ({})", clock_time(*time), relative_time(*time, screen.now));
}

std::string trigger_of(const JsonView& trigger) {
  std::string text = text_of(trigger, "event") + text_of(trigger, "cron");
  const std::string condition = text_of(trigger, "if");
  if (!condition.empty()) text += " if " + condition;
  const int64_t jitter = number_of(trigger, "jitterMs");
  if (jitter > 0) text += ", up to " + short_duration(Duration(jitter)) + " later";
  return text;
}

std::string state_of(const JsonView& data, const Screen& screen) {
  if (member(data, "archived").as_bool().value_or(false)) return "archived";
  const std::string paused = moment(data, "paused_at", screen);
  if (!paused.empty()) return screen.paint(Colour::kYellow, "paused") + " since " + paused;
  const std::optional<JsonView> is_available = data.find("is_available");
  if (is_available && !is_available->as_bool().value_or(true)) {
    return "its code is not registered in this process";
  }
  return "";
}

// What is left of the configuration: what has a line of its own is not said again.
std::string settings_of(const JsonView& config) {
  std::string text;
  for (JsonMembers it = config.members(); it.next();) {
    const std::string key = it.key();
    const bool is_said = key == "id" || key == "name" || key == "app" || key == "triggers";
    const bool is_empty = it.value().text() == "[]" || it.value().text() == "null";
    if (is_said || is_empty) continue;
    if (!text.empty()) text += "\n";
    text += neutralise(key) + " " + compact_json(it.value().text());
  }
  return text;
}

std::string limits_of(const JsonView& data, const Screen& screen) {
  Table table({{"LIMIT"},
               {"KEY", false, true},
               {"USED", true},
               {"OF", true},
               {"WAITING", true},
               {"STARTS"}});
  for (JsonElements it = member(data, "limits").elements(); it.next();) {
    const JsonView& limit = it.value();
    const std::string name = text_of(limit, "limit");
    // A throttle limits starts in a period; nothing holds it, also while runs wait for it.
    const bool is_held = name != "throttle";
    const int64_t of = number_of(limit, "of");  // a debounce gathers as many as come
    table.add({{name},
               {text_of(limit, "key")},
               {is_held ? std::to_string(number_of(limit, "used")) : "-"},
               {of > 0 ? std::to_string(of) : "-"},
               {std::to_string(number_of(limit, "waiting"))},
               {moment(limit, "due", screen)}});
  }
  if (table.empty()) return "";
  return "\n" + screen.paint(Colour::kBold, "Limits in use") + "\n" + table.render(screen);
}

}  // namespace

std::string render_function(const JsonView& answer, const Screen& screen) {
  const JsonView data = member(answer, "data");
  const JsonView config = member(data, "config");
  const auto fact = [&](std::string_view name, std::string value) {
    if (value.empty()) return std::string();
    std::string lines;
    for (size_t at = 0; at <= value.size();) {
      const size_t end = std::min(value.find('\n', at), value.size());
      lines += "  " + screen.paint(Colour::kDim, pad(at == 0 ? name : "", 11)) +
               value.substr(at, end - at) + "\n";
      at = end + 1;
    }
    return lines;
  };
  const auto list = [](const JsonView& array, auto line) {
    std::string lines;
    for (JsonElements it = array.elements(); it.next();) {
      lines += (lines.empty() ? "" : "\n") + line(it.value());
    }
    return lines;
  };
  std::string out = screen.paint(Colour::kBold, text_of(config, "id")) + "\n\n";
  if (text_of(config, "name") != text_of(config, "id"))
    out += fact("name", text_of(config, "name"));
  out += fact("app", text_of(config, "app"));
  out += fact("state", state_of(data, screen));
  const std::string triggers = list(member(config, "triggers"), trigger_of);
  out += fact("triggers", triggers.empty() ? "only invoked" : triggers);
  out += fact("settings", settings_of(config));
  if (const std::optional<JsonView> runs = data.find("runs")) {
    out += fact("open runs", fmt::format("{} queued, {} running, {} attempts under way",
                                         number_of(*runs, "queued"), number_of(*runs, "running"),
                                         number_of(*runs, "attempts")));
  }
  out += fact("next", list(member(data, "next"), [&](const JsonView& tick) {
                return moment(tick, "at", screen) + "  " + text_of(tick, "cron");
              }));
  return out + limits_of(data, screen);
}

}  // namespace stepwell::cli
