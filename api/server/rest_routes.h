// REST v1, as far as runs, events and signals go: what SDK users and the documentation use.
#pragma once

#include "api/server/gateway.h"
#include "api/server/router.h"

namespace stepwell::server {

// `gateway` lives until the loop has stopped.
void add_rest_routes(Router& router, Gateway& gateway);

// What list routes read from a query; the error names the parameter.
Result<size_t> read_limit(const Request& request, size_t fallback, size_t most);
Result<std::optional<Time>> read_time(const Request& request, std::string_view name);

}  // namespace stepwell::server
