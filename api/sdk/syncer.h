// Keeps apps registered: asks each to say what it has (a PUT, upon which it registers), and in dev
// mode looks for apps on this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/sdk/apps.h"
#include "api/sdk/http_client.h"
#include "api/server/auth.h"
#include "api/server/secret.h"

namespace stepwell::sdk {

// Where apps usually are: upstream's list.
std::vector<uint16_t> usual_ports();

// Why an app's answer to being asked is none, for people: its own words, where it has some.
std::string refusal_of(const HttpResponse& response);

struct SyncOptions {
  server::Mode mode = server::Mode::kDev;
  std::vector<server::SigningKey> signing_keys;  // the first signs what is asked
  std::vector<std::string> urls;                 // of apps to ask from the start
  // Also asks apps that have registered, so that their changes are seen; else only those at `urls`,
  // until they have.
  bool polls = false;
  Milliseconds interval{5'000};
  std::vector<uint16_t> discovery_ports;  // looked at while no app is known; empty: no discovery
};

// Loop thread only.
class Syncer {
 public:
  // Lines for people: an app cannot be reached, or can again.
  using Listener = std::function<void(const std::string& news)>;

  // All but the options outlive it.
  Syncer(server::Gateway& gateway, HttpClient& client, Apps& apps, SyncOptions options,
         Listener on_news);
  ~Syncer();
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  // Begins as soon as the engine serves.
  void start();

 private:
  struct Target {
    std::string url;            // as it was given
    bool is_candidate = false;  // found by discovery, and has not answered well yet
    bool is_under_way = false;
    bool has_answered = false;         // well, when it was asked last
    std::optional<std::string> error;  // what was told last
  };

  void tick();
  void ask_all();
  void forget_gone();
  void ask(const std::string& key);
  void answered(const std::string& key, const HttpOutcome& outcome);
  void register_in_band(const std::string& key, const HttpResponse& response);
  void settle(const std::string& key, std::optional<std::string> error);
  void discover();
  void probe(uint16_t port, size_t path);

  server::Gateway& gateway_;
  HttpClient& client_;
  Apps& apps_;
  SyncOptions options_;
  Listener on_news_;
  std::map<std::string, Target> targets_;  // by app_url()
  size_t probes_ = 0;                      // under way
  std::unique_ptr<server::Timer> timer_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace stepwell::sdk
