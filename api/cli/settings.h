// Settings: what may be given as an option, in the environment or in a configuration file, in this
// order of precedence.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "schema/time.h"

namespace stepwell::cli {

// A setting as it was given, and where: "--port", "STEPWELL_PORT", "\"port\" in stepwell.json".
struct SettingValue {
  std::vector<std::string> values;
  std::string source;
};

// By name: "port", "event-key" …
using SettingValues = std::map<std::string, SettingValue, std::less<>>;

struct SettingKind {
  std::string_view name;
  std::string_view help;
  std::string_view type = "TEXT";  // what the help calls its value
  bool is_list = false;
  bool is_secret = false;
  bool is_for_servers = false;  // only dev and serve have the option
  bool is_flag = false;         // true if it is there; elsewhere "true" or "false"
  // The variable of upstream that is read after our own; empty: none.
  std::string_view upstream_variable = {};
  std::string_view short_name = {};  // "u" for -u; empty: none
};

// All of them.
const std::vector<SettingKind>& setting_kinds();

// The value of an environment variable; nothing if it is not set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

// Adds to `given` what is not in it yet: from the environment, then from the file that the setting
// "config" names. Errors name the file, and the member that is unknown or of the wrong type. A file
// with keys in it that others may read is refused.
Result<SettingValues> complete_settings(SettingValues given, const Environment& environment);

struct Settings {
  std::string url;  // empty: not given
  std::string db;   // empty: not given
  std::vector<std::string> event_keys;
  std::vector<std::string> signing_keys;
  std::string event_key_source;  // where the keys were found; empty: there are none
  std::string signing_key_source;
  std::optional<std::string> host;
  uint16_t port = 8288;
  bool has_port = false;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_origins;
  std::optional<Duration> retry_interval;
  std::optional<Duration> wait_lookback;
  std::optional<Duration> channel_replay;
  std::vector<std::string> durable_channels;
  bool is_relaxed = false;  // durability
  std::vector<std::string> sdk_urls;
  bool no_discovery = false;
  bool no_poll = false;
  std::optional<Duration> poll_interval;
  bool allow_private_sdk_urls = false;
};

// Checks the values; errors name their source.
Result<Settings> read_settings(const SettingValues& values);

}  // namespace stepwell::cli
