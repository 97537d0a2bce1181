// What SDKs and people ask of a server before any function runs: POST /fn/register,
// DELETE /fn/remove, GET /dev.
#pragma once

#include <string>
#include <vector>

#include "api/sdk/apps.h"
#include "api/server/auth.h"
#include "api/server/router.h"

namespace stepwell::sdk {

struct RegisterRouteOptions {
  server::Mode mode = server::Mode::kDev;
  std::string version;            // of this program, for GET /dev
  std::vector<std::string> urls;  // of apps that were named at the start
  bool discovers = false;
};

// `apps` outlives the router.
void add_register_routes(server::Router& router, Apps& apps, RegisterRouteOptions options);

}  // namespace stepwell::sdk
