// The SDK protocol around an engine: the driver of functions that apps serve, and the routes that
// apps call.
#pragma once

#include <optional>

#include "api/sdk/http_client.h"
#include "api/sdk/http_driver.h"
#include "api/server/secret.h"
#include "api/server/service.h"
#include "engine/runtime/runtime.h"

namespace stepwell::sdk {

struct SdkOptions {
  server::Mode mode = server::Mode::kDev;
  std::optional<server::SigningKey> signing_key;  // of serve mode: signs calls
  AddressPolicy apps;                             // where apps may be
  AddressPolicy fetches;                          // where step.fetch and step.ai.infer may go
};

// Which addresses a mode allows by itself: dev serves this machine alone, so apps on it may be
// called; serve calls the public network, and private ones when it is told to.
AddressPolicy default_policy(server::Mode mode, bool allow_private);

// Made before the runtime and the service start, destroyed after them, before the loop.
class Sdk {
 public:
  Sdk(runtime::Runtime& runtime, server::Service& service, SdkOptions options);

  // Calls apps, with what the policy for apps allows. Loop thread only.
  HttpClient& apps() { return apps_; }

 private:
  HttpClient apps_;
  HttpClient fetches_;
  HttpDriver driver_;
};

}  // namespace stepwell::sdk
