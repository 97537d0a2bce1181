// The SDK protocol around an engine: the driver of functions that apps serve, and the routes that
// apps call.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/sdk/answer_group.h"
#include "api/sdk/apps.h"
#include "api/sdk/http_client.h"
#include "api/sdk/http_driver.h"
#include "api/sdk/loop_http.h"
#include "api/sdk/syncer.h"
#include "api/server/secret.h"
#include "api/server/service.h"
#include "engine/runtime/runtime.h"

namespace stepwell::sdk {

struct SdkOptions {
  server::Mode mode = server::Mode::kDev;
  std::vector<server::SigningKey> signing_keys;  // of serve mode: the first one signs calls
  AddressPolicy apps;                            // where apps may be
  AddressPolicy fetches;                         // where step.fetch and step.ai.infer may go
  std::string version;                           // of this program, for whoever asks

  // See SyncOptions.
  std::vector<std::string> urls;
  bool polls = false;
  Milliseconds poll_interval{5'000};
  std::vector<uint16_t> discovery_ports;
  // Called on the loop thread with lines for people: an app came, changed, went, or can't be
  // reached.
  std::function<void(const std::string& news)> on_news;
};

// Which addresses a mode allows by itself: dev serves this machine alone, so apps on it may be
// called; serve calls the public network, and private ones when it is told to.
AddressPolicy default_policy(server::Mode mode, bool allow_private);

// Made before the runtime and the service start, destroyed after them, before the loop.
class Sdk {
 public:
  Sdk(runtime::Runtime& runtime, server::Service& service, const SdkOptions& options);

  // Calls apps, with what the policy for apps allows. Loop thread only.
  HttpClient& apps() { return apps_; }

 private:
  LoopExecutor executor_;
  AnswerGroup answers_;
  HttpClient apps_;
  HttpClient fetches_;
  HttpDriver driver_;
  Apps registered_;
  Syncer syncer_;
};

}  // namespace stepwell::sdk
