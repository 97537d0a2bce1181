#include "api/sdk/sdk.h"

#include <utility>

#include "api/sdk/run_routes.h"

namespace stepwell::sdk {
namespace {

HttpClientOptions client_options(const AddressPolicy& addresses) {
  HttpClientOptions options;
  options.addresses = addresses;
  return options;
}

}  // namespace

AddressPolicy default_policy(server::Mode mode, bool allow_private) {
  return {.allow_loopback = mode == server::Mode::kDev || allow_private,
          .allow_private = allow_private};
}

Sdk::Sdk(runtime::Runtime& runtime, server::Service& service, SdkOptions options)
    : apps_(service.gateway().loop(), client_options(options.apps)),
      fetches_(service.gateway().loop(), client_options(options.fetches)),
      driver_(service.gateway().loop(), apps_, fetches_,
              {.signing_key = std::move(options.signing_key),
               .may_leave_host = options.mode == server::Mode::kDev},
              [&runtime](core::Reply reply) { runtime.reply(std::move(reply)); }) {
  runtime.set_driver(DriverKind::kHttp, &driver_);
  add_run_routes(service.router(), service.gateway());
}

}  // namespace stepwell::sdk
