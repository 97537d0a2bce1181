#include "api/sdk/sdk.h"

#include <utility>

#include "api/sdk/content_coding.h"
#include "api/sdk/register_routes.h"
#include "api/sdk/run_routes.h"

namespace stepwell::sdk {
namespace {

HttpClientOptions client_options(const AddressPolicy& addresses) {
  HttpClientOptions options;
  options.addresses = addresses;
  return options;
}

HttpDriverOptions driver_options(const SdkOptions& options) {
  HttpDriverOptions driver;
  if (!options.signing_keys.empty()) driver.signing_key = options.signing_keys.front();
  driver.may_leave_host = options.mode == server::Mode::kDev;
  return driver;
}

SyncOptions sync_options(const SdkOptions& options) {
  return {.mode = options.mode,
          .signing_keys = options.signing_keys,
          .urls = options.urls,
          .polls = options.polls,
          .interval = options.poll_interval,
          .discovery_ports = options.discovery_ports};
}

std::function<void(const std::string&)> listener(const SdkOptions& options) {
  if (options.on_news) return options.on_news;
  return [](const std::string&) {};
}

}  // namespace

AddressPolicy default_policy(server::Mode mode, bool allow_private) {
  return {.allow_loopback = mode == server::Mode::kDev || allow_private,
          .allow_private = allow_private};
}

Sdk::Sdk(runtime::Runtime& runtime, server::Service& service, const SdkOptions& options)
    : executor_(service.gateway().loop()),
      answers_(service.gateway().loop()),
      apps_(executor_, loop_transports(service.gateway().loop(), client_options(options.apps)),
            client_options(options.apps)),
      fetches_(executor_,
               loop_transports(service.gateway().loop(), client_options(options.fetches)),
               client_options(options.fetches)),
      driver_(executor_, apps_, fetches_, driver_options(options),
              [this, &runtime](core::Reply reply, Duration took) {
                answers_.add(took, driver_.calls() == 0,
                             [&runtime, reply = std::move(reply)]() mutable {
                               runtime.reply(std::move(reply));
                             });
              }),
      registered_(service.gateway()),
      syncer_(service.gateway(), apps_, registered_, sync_options(options), listener(options)) {
  runtime.set_driver(DriverKind::kHttp, &driver_);
  service.router().set_decoder(decode_content);
  // The call that reports is under way itself.
  add_run_routes(service.router(), service.gateway(),
                 [this](const core::CallId& call, std::function<void()> task) {
                   const Duration took = driver_.reported(call);
                   answers_.add(took, driver_.calls() <= 1, std::move(task));
                 });
  registered_.on_news(listener(options));
  add_register_routes(service.router(), registered_,
                      {.mode = options.mode,
                       .version = options.version,
                       .urls = options.urls,
                       .discovers = !options.discovery_ports.empty()});
  syncer_.start();
}

}  // namespace stepwell::sdk
