#include "api/cli/settings.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "api/cli/exit_code.h"

namespace stepwell::cli {
namespace {

Environment environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

// A configuration file that is gone when the test ends.
class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text, mode_t mode = 0600) {
    const int fd = mkstemp(path_.data());
    REQUIRE(fd >= 0);
    close(fd);
    std::ofstream(path_) << text;
    chmod(path_.c_str(), mode);
  }
  ~ConfigFile() { unlink(path_.c_str()); }

  const std::string& path() const { return path_; }
  SettingValues flag() const { return {{"config", {{path_}, "--config"}}}; }

 private:
  std::string path_ = "/tmp/stepwell-config-XXXXXX";
};

Settings read(SettingValues flags, std::map<std::string, std::string> variables = {}) {
  const Result<SettingValues> values =
      complete_settings(std::move(flags), environment(std::move(variables)));
  REQUIRE_MESSAGE(values.ok(), values.error().message);
  const Result<Settings> settings = read_settings(*values);
  REQUIRE_MESSAGE(settings.ok(), settings.error().message);
  return *settings;
}

std::string refused(SettingValues flags, std::map<std::string, std::string> variables = {}) {
  const Result<SettingValues> values =
      complete_settings(std::move(flags), environment(std::move(variables)));
  if (!values) return values.error().message;
  const Result<Settings> settings = read_settings(*values);
  REQUIRE(!settings.ok());
  return settings.error().message;
}

}  // namespace

TEST_CASE("options come before the environment, and that before the file") {
  const ConfigFile file(R"({"port": 1, "host": "file", "db": "file.db", "event-key": ["f"]})");
  SettingValues flags = file.flag();
  flags["port"] = {{"3"}, "--port"};
  const Settings settings = read(flags, {{"STEPWELL_PORT", "2"}, {"STEPWELL_HOST", "variable"}});
  CHECK(settings.port == 3);
  CHECK(settings.host == "variable");
  CHECK(settings.db == "file.db");
  CHECK(settings.event_keys == std::vector<std::string>{"f"});
}

TEST_CASE("upstream's variables are read behind our own") {
  CHECK(read({}, {{"INNGEST_EVENT_KEY", "a,b"}}).event_keys == std::vector<std::string>{"a", "b"});
  CHECK(read({}, {{"INNGEST_SIGNING_KEY", "x"}, {"STEPWELL_SIGNING_KEY", "y"}}).signing_keys ==
        std::vector<std::string>{"y"});
  CHECK(read({}, {{"INNGEST_SIGNING_KEY", "x"}}).signing_key_source == "INNGEST_SIGNING_KEY");
  CHECK(read({}, {{"INNGEST_PORT", "99"}}).port == 99);
  CHECK(read({}, {{"STEPWELL_PORT", ""}}).port == 8288);
  CHECK(read({}).host == std::nullopt);
}

TEST_CASE("upstream's variable names the file too") {
  const ConfigFile file(R"({"port": 4711, "sdk-url": ["http://a/x"], "no-discovery": true})");
  const Settings settings = read({}, {{"INNGEST_CONFIG", file.flag()["config"].values[0]}});
  CHECK(settings.port == 4711);
  CHECK(settings.sdk_urls == std::vector<std::string>{"http://a/x"});
  CHECK(settings.no_discovery);
}

TEST_CASE("a wrong value is named with the place where it was given") {
  CHECK(refused({{"port", {{"99999"}, "--port"}}}) ==
        "--port: \"99999\" is no port from 0 to 65535");
  CHECK(refused({}, {{"STEPWELL_RETRY_INTERVAL", "soon"}}) ==
        "STEPWELL_RETRY_INTERVAL: \"soon\" is no duration such as 500ms, 15s or 1h30m");
  CHECK(refused({{"durability", {{"some"}, "--durability"}}}) ==
        "--durability: \"some\" is neither full nor relaxed");
  CHECK(refused({}, {{"INNGEST_SDK_URL", "http://a/x,localhost"}}) ==
        "INNGEST_SDK_URL: \"localhost\" is no URL to call: it must begin with http(s)://");
  const ConfigFile file(R"({"wait-lookback": "-3s"})");
  CHECK(refused(file.flag()) == "\"wait-lookback\" in " + file.path() +
                                    ": \"-3s\" is no duration such as 500ms, 15s or 1h30m");
}

TEST_CASE("a configuration file that is wrong is refused") {
  CHECK(
      refused({{"config", {{"/nowhere/at-all.json"}, "--config"}}}).find("/nowhere/at-all.json") !=
      std::string::npos);
  CHECK(refused(ConfigFile("{").flag()).find("stepwell-config") != std::string::npos);
  CHECK(refused(ConfigFile("[]").flag()).find("must hold one JSON object") != std::string::npos);
  CHECK(refused(ConfigFile(R"({"prot": 1})").flag()).find("\"prot\" in") == 0);
  CHECK(refused(ConfigFile(R"({"port": [1]})").flag()).find("must be a string or a number") !=
        std::string::npos);
  CHECK(refused(ConfigFile(R"({"event-key": [{}]})").flag()).find("must hold strings") !=
        std::string::npos);
}

TEST_CASE("keys in a file that others may read are refused") {
  const std::string text = R"({"signing-key": "ff"})";
  CHECK(refused(ConfigFile(text, 0644).flag()).find("chmod 600") != std::string::npos);
  CHECK(read(ConfigFile(text, 0600).flag()).signing_keys.size() == 1);
  CHECK(read(ConfigFile(R"({"port": 5})", 0644).flag()).port == 5);
}

TEST_CASE("exit codes are what the documentation says") {
  CHECK(static_cast<int>(exit_code_of_status(200)) == 0);
  CHECK(static_cast<int>(exit_code_of_status(400)) == 2);
  CHECK(static_cast<int>(exit_code_of_status(404)) == 3);
  CHECK(static_cast<int>(exit_code_of_status(401)) == 5);
  CHECK(static_cast<int>(exit_code_of_status(403)) == 5);
  CHECK(static_cast<int>(exit_code_of_status(409)) == 6);
  CHECK(static_cast<int>(exit_code_of_status(413)) == 2);
  CHECK(static_cast<int>(exit_code_of_status(500)) == 70);
  CHECK(static_cast<int>(exit_code_of_status(503)) == 75);
  CHECK(static_cast<int>(exit_code_of(ErrorCode::kInvalid)) == 2);
  CHECK(static_cast<int>(exit_code_of(ErrorCode::kNotFound)) == 3);
  CHECK(static_cast<int>(exit_code_of(ErrorCode::kConflict)) == 6);
  CHECK(static_cast<int>(exit_code_of(ErrorCode::kIo)) == 74);
  CHECK(static_cast<int>(exit_code_of(ErrorCode::kCorrupt)) == 74);
}

TEST_CASE("settings about apps, by upstream's names too") {
  const Settings none = read({});
  CHECK(none.sdk_urls.empty());
  CHECK_FALSE(none.no_discovery);
  CHECK_FALSE(none.no_poll);
  CHECK_FALSE(none.allow_private_sdk_urls);
  CHECK_FALSE(none.poll_interval);
  const Settings given = read({}, {{"INNGEST_SDK_URL", "http://a/x,http://b/y"},
                                   {"INNGEST_NO_DISCOVERY", "true"},
                                   {"STEPWELL_NO_POLL", "1"},
                                   {"STEPWELL_ALLOW_PRIVATE_SDK_URLS", "false"},
                                   {"INNGEST_RETRY_INTERVAL", "2"},
                                   {"INNGEST_POLL_INTERVAL", "7"}});
  CHECK(given.sdk_urls == std::vector<std::string>{"http://a/x", "http://b/y"});
  CHECK(given.no_discovery);
  CHECK(given.no_poll);
  CHECK_FALSE(given.allow_private_sdk_urls);
  CHECK(given.poll_interval == std::chrono::seconds(7));
  CHECK(given.retry_interval == std::chrono::seconds(2));
  CHECK(read({{"poll-interval", {{"250ms"}, "--poll-interval"}}}).poll_interval == Duration(250));
  CHECK(refused({{"no-poll", {{"perhaps"}, "--no-poll"}}}) ==
        "--no-poll: \"perhaps\" is neither true nor false");
  CHECK(refused({}, {{"STEPWELL_POLL_INTERVAL", "often"}}).starts_with("STEPWELL_POLL_INTERVAL"));
}

TEST_CASE("keys for the change to a new signing key come behind the one that signs") {
  const Settings settings =
      read({}, {{"INNGEST_SIGNING_KEY", "aa"}, {"INNGEST_SIGNING_KEY_FALLBACK", "bb"}});
  CHECK(settings.signing_keys == std::vector<std::string>{"aa", "bb"});
  CHECK(refused({}, {{"STEPWELL_SIGNING_KEY_FALLBACK", "secret"}}) ==
        "STEPWELL_SIGNING_KEY_FALLBACK: there is no signing key to stand behind");
}

}  // namespace stepwell::cli
