#include "api/cli/settings.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "api/cli/read_file.h"
#include "api/sdk/url.h"
#include "schema/json.h"

namespace stepwell::cli {
namespace {

// "event-key" → "EVENT_KEY".
std::string variable_name(std::string_view name) {
  std::string out;
  for (char c : name) {
    out += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

std::vector<std::string> split(const std::string& text, bool is_list) {
  if (!is_list) return {text};
  std::vector<std::string> parts;
  size_t at = 0;
  while (at <= text.size()) {
    const size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) parts.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return parts;
}

void add_environment(SettingValues& values, const Environment& environment) {
  for (const SettingKind& kind : setting_kinds()) {
    if (values.contains(kind.name)) continue;
    const std::string ours = "STEPWELL_" + variable_name(kind.name);
    for (const std::string& variable : {ours, std::string(kind.upstream_variable)}) {
      if (variable.empty()) continue;
      const std::optional<std::string> value = environment(variable);
      if (!value || value->empty()) continue;
      values.emplace(kind.name, SettingValue{split(*value, kind.is_list), variable});
      break;
    }
  }
}

// A value of the file as text: strings as they are, numbers as they were written.
std::optional<std::string> scalar_text(const JsonView& value) {
  if (value.type() == JsonType::kString) return value.as_string();
  const bool is_plain = value.type() == JsonType::kNumber || value.type() == JsonType::kBool;
  return is_plain ? std::optional(std::string(value.text())) : std::nullopt;
}

Result<SettingValue> file_value(const SettingKind& kind, const JsonView& value,
                                const std::string& source) {
  SettingValue read{.values = {}, .source = source};
  if (kind.is_list && value.is_array()) {
    for (JsonElements it = value.elements(); it.next();) {
      const std::optional<std::string> text = scalar_text(it.value());
      if (!text) return Error{ErrorCode::kInvalid, source + " must hold strings"};
      read.values.push_back(*text);
    }
    return read;
  }
  const std::optional<std::string> text = scalar_text(value);
  if (!text) {
    return Error{ErrorCode::kInvalid, source + (kind.is_list ? " must be a string or a list of them"
                                                             : " must be a string or a number")};
  }
  read.values = split(*text, kind.is_list);
  return read;
}

const SettingKind* find_kind(std::string_view name) {
  const auto& kinds = setting_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const SettingKind& kind) { return kind.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

Result<void> check_mode(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || (status.st_mode & 077) == 0) return {};
  return Error{ErrorCode::kInvalid,
               fmt::format("{} holds keys and others may read it: chmod 600 {}", path, path)};
}

Result<void> add_file(SettingValues& values, const std::string& path) {
  const Result<std::string> text = read_file(path);
  if (!text) return Error{text.error().code, "--config: " + text.error().message};
  const Result<JsonView> json = parse_json(*text);
  if (!json) return Error{ErrorCode::kInvalid, path + ": " + json.error().message};
  if (!json->is_object()) return Error{ErrorCode::kInvalid, path + " must hold one JSON object"};
  for (JsonMembers it = json->members(); it.next();) {
    const SettingKind* kind = find_kind(it.key());
    const std::string source = fmt::format("\"{}\" in {}", it.key(), path);
    if (kind == nullptr || kind->name == "config") {
      return Error{ErrorCode::kInvalid, source + " is no setting (docs/cli.md lists them)"};
    }
    if (kind->is_secret) {
      if (const Result<void> mode = check_mode(path); !mode) return mode.error();
    }
    Result<SettingValue> value = file_value(*kind, it.value(), source);
    if (!value) return value.error();
    values.emplace(kind->name, std::move(*value));  // what was given before counts
  }
  return {};
}

// -- Values -------------------------------------------------------------------------------------

class Reader {
 public:
  explicit Reader(const SettingValues& values) : values_(values) {}

  std::string text(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() || found->second.values.empty() ? ""
                                                                  : found->second.values.front();
  }

  std::vector<std::string> list(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::vector<std::string>() : found->second.values;
  }

  std::string source(std::string_view name) const { return values_.find(name)->second.source; }

  Error error(std::string_view name, std::string_view what) const {
    return {ErrorCode::kInvalid,
            fmt::format("{}: \"{}\" {}", values_.find(name)->second.source, text(name), what)};
  }

  Result<bool> flag(std::string_view name) const {
    const std::string value = text(name);
    if (value.empty() || value == "false" || value == "0") return false;
    if (value == "true" || value == "1") return true;
    return error(name, "is neither true nor false");
  }

  Result<std::optional<Duration>> duration(std::string_view name) const {
    const std::string value = text(name);
    if (value.empty()) return std::optional<Duration>();
    const Result<Duration> read = parse_duration(value);
    if (!read || *read < Duration::zero()) {
      return error(name, "is no duration such as 500ms, 15s or 1h30m");
    }
    return std::optional(*read);
  }

  // A duration; a bare number counts seconds, as upstream has it.
  Result<std::optional<Duration>> seconds(std::string_view name) const {
    const std::string value = text(name);
    int number = 0;
    const auto [end, error_code] =
        std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number =
        !value.empty() && error_code == std::errc() && end == value.data() + value.size();
    if (!is_number || number < 0) return duration(name);
    return std::optional<Duration>(std::chrono::seconds(number));
  }

 private:
  const SettingValues& values_;
};

Result<void> read_app_settings(const Reader& reader, Settings& settings) {
  settings.sdk_urls = reader.list("sdk-url");
  for (const std::string& url : settings.sdk_urls) {
    if (const Result<sdk::Url> read = sdk::Url::parse(url); !read) {
      return Error{ErrorCode::kInvalid, reader.source("sdk-url") + ": " + read.error().message};
    }
  }
  const Result<bool> no_discovery = reader.flag("no-discovery");
  if (!no_discovery) return no_discovery.error();
  settings.no_discovery = *no_discovery;
  const Result<bool> no_poll = reader.flag("no-poll");
  if (!no_poll) return no_poll.error();
  settings.no_poll = *no_poll;
  const Result<bool> allow_private = reader.flag("allow-private-sdk-urls");
  if (!allow_private) return allow_private.error();
  settings.allow_private_sdk_urls = *allow_private;
  const auto interval = reader.seconds("poll-interval");
  if (!interval) return interval.error();
  settings.poll_interval = *interval;
  return {};
}

std::vector<SettingKind> general_kinds() {
  return {
      {.name = "config",
       .help = "file with settings, one JSON object",
       .type = "FILE",
       .upstream_variable = "INNGEST_CONFIG"},
      {.name = "url",
       .help = "the server to talk to (default http://127.0.0.1:8288)",
       .type = "URL",
       .upstream_variable = "INNGEST_BASE_URL"},
      {.name = "db",
       .help = "the journal's file; commands other than dev and serve open it themselves, with no "
               "server running",
       .type = "FILE"},
      {.name = "event-key",
       .help = "key for sending events (rather in the environment or a file than here)",
       .type = "KEY",
       .is_list = true,
       .is_secret = true,
       .upstream_variable = "INNGEST_EVENT_KEY"},
      {.name = "signing-key",
       .help = "key for everything else; the first one signs (rather in the environment or a file)",
       .type = "KEY",
       .is_list = true,
       .is_secret = true,
       .upstream_variable = "INNGEST_SIGNING_KEY"},
      {.name = "signing-key-fallback",
       .help = "older key that is still accepted while apps change over to a new one",
       .type = "KEY",
       .is_list = true,
       .is_secret = true,
       .upstream_variable = "INNGEST_SIGNING_KEY_FALLBACK"},
      {.name = "host",
       .help = "address to listen on",
       .type = "ADDRESS",
       .is_for_servers = true,
       .upstream_variable = "INNGEST_HOST"},
      {.name = "port",
       .help = "port to listen on; 0 picks a free one",
       .type = "PORT",
       .is_for_servers = true,
       .upstream_variable = "INNGEST_PORT"},
      {.name = "allow-host",
       .help = "name under which the server is reached (again for more)",
       .type = "NAME",
       .is_list = true,
       .is_for_servers = true},
      {.name = "allow-origin",
       .help = "origin whose pages may call the server (again for more)",
       .type = "ORIGIN",
       .is_list = true,
       .is_for_servers = true},
      {.name = "retry-interval",
       .help = "time between attempts, instead of the growing one",
       .type = "DURATION",
       .is_for_servers = true,
       .upstream_variable = "INNGEST_RETRY_INTERVAL"},
      {.name = "wait-lookback",
       .help = "how far back a wait sees events (default 60s; 0: not at all)",
       .type = "DURATION",
       .is_for_servers = true},
      {.name = "durability",
       .help = "full (default), or relaxed: a power cut may lose the last commits",
       .type = "MODE",
       .is_for_servers = true},
  };
}

std::vector<SettingKind> realtime_kinds() {
  return {
      {.name = "channel-replay",
       .help = "a realtime channel that is no older is told from its first message (default 30s)",
       .type = "DURATION",
       .is_for_servers = true},
      {.name = "durable-channel",
       .help = "realtime channel whose history survives a restart; may end in * (again for more)",
       .type = "CHANNEL",
       .is_list = true,
       .is_for_servers = true},
  };
}

// About apps behind HTTP.
std::vector<SettingKind> app_kinds() {
  return {
      {.name = "sdk-url",
       .help = "URL at which an app serves its functions (again for more)",
       .type = "URL",
       .is_list = true,
       .is_for_servers = true,
       .upstream_variable = "INNGEST_SDK_URL",
       .short_name = "u"},
      {.name = "no-discovery",
       .help = "do not look for apps on the usual ports of this machine (dev)",
       .is_for_servers = true,
       .is_flag = true,
       .upstream_variable = "INNGEST_NO_DISCOVERY"},
      {.name = "no-poll",
       .help = "do not ask apps again for what they have (dev)",
       .is_for_servers = true,
       .is_flag = true,
       .upstream_variable = "INNGEST_NO_POLL"},
      {.name = "poll-interval",
       .help = "how often apps are asked what they have (dev: 5s; serve: not at all)",
       .type = "DURATION",
       .is_for_servers = true,
       .upstream_variable = "INNGEST_POLL_INTERVAL"},
      {.name = "allow-private-sdk-urls",
       .help = "let it call apps in private networks, and serve also on this machine",
       .is_for_servers = true,
       .is_flag = true},
  };
}

}  // namespace

const std::vector<SettingKind>& setting_kinds() {
  static const std::vector<SettingKind> kKinds = [] {
    std::vector<SettingKind> kinds = general_kinds();
    for (const SettingKind& kind : realtime_kinds()) kinds.push_back(kind);
    for (const SettingKind& kind : app_kinds()) kinds.push_back(kind);
    return kinds;
  }();
  return kKinds;
}

Result<SettingValues> complete_settings(SettingValues given, const Environment& environment) {
  add_environment(given, environment);
  const auto config = given.find("config");
  if (config != given.end()) {
    const std::string path = config->second.values.front();
    if (const Result<void> added = add_file(given, path); !added) return added.error();
  }
  return given;
}

Result<Settings> read_settings(const SettingValues& values) {
  const Reader reader(values);
  Settings settings;
  settings.url = reader.text("url");
  settings.db = reader.text("db");
  settings.event_keys = reader.list("event-key");
  settings.signing_keys = reader.list("signing-key");
  if (!settings.event_keys.empty()) settings.event_key_source = reader.source("event-key");
  if (!settings.signing_keys.empty()) settings.signing_key_source = reader.source("signing-key");
  if (settings.signing_keys.empty() && !reader.list("signing-key-fallback").empty()) {
    return Error{ErrorCode::kInvalid, reader.source("signing-key-fallback") +
                                          ": there is no signing key to stand behind"};
  }
  for (std::string& key : reader.list("signing-key-fallback")) {
    settings.signing_keys.push_back(std::move(key));
  }
  settings.allowed_hosts = reader.list("allow-host");
  settings.allowed_origins = reader.list("allow-origin");
  if (values.contains("host")) settings.host = reader.text("host");
  if (const std::string port = reader.text("port"); !port.empty()) {
    const auto read = std::from_chars(port.data(), port.data() + port.size(), settings.port);
    if (read.ec != std::errc() || read.ptr != port.data() + port.size()) {
      return reader.error("port", "is no port from 0 to 65535");
    }
    settings.has_port = true;
  }
  const auto retry_interval = reader.seconds("retry-interval");
  if (!retry_interval) return retry_interval.error();
  settings.retry_interval = *retry_interval;
  if (const Result<void> apps = read_app_settings(reader, settings); !apps) return apps.error();
  const auto lookback = reader.duration("wait-lookback");
  if (!lookback) return lookback.error();
  settings.wait_lookback = *lookback;
  const auto replay = reader.duration("channel-replay");
  if (!replay) return replay.error();
  settings.channel_replay = *replay;
  settings.durable_channels = reader.list("durable-channel");
  const std::string durability = reader.text("durability");
  if (!durability.empty() && durability != "full" && durability != "relaxed") {
    return reader.error("durability", "is neither full nor relaxed");
  }
  settings.is_relaxed = durability == "relaxed";
  return settings;
}

}  // namespace stepwell::cli
