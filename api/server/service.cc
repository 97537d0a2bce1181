#include "api/server/service.h"

#include <fmt/core.h>

#include <utility>

#include "api/realtime/topic_routes.h"
#include "api/server/admin_routes.h"
#include "api/server/bulk_cancel.h"
#include "api/server/life_routes.h"
#include "api/server/rest_routes.h"
#include "api/server/rest_v2_routes.h"
#include "engine/runtime/clock.h"
#include "schema/entropy.h"

namespace stepwell::server {
namespace {

constexpr std::string_view kRealtimePurpose = "stepwell realtime tokens 1";

Keys read_keys(const ServiceOptions& options) {
  Keys keys;
  for (const std::string& key : options.event_keys) keys.event_keys.emplace_back(key);
  for (const std::string& key : options.signing_keys) {
    keys.signing_keys.push_back(SigningKey::parse(key).value());
  }
  return keys;
}

// Tokens are signed with a key made from the signing key, so that they outlive a restart; without
// one with a random key, so that no two servers share it.
realtime::TokenSigner make_signer(const ServiceOptions& options) {
  if (!options.signing_keys.empty()) {
    const SigningKey key = SigningKey::parse(options.signing_keys.front()).value();
    return realtime::TokenSigner(derive_key(key.reveal(), kRealtimePurpose));
  }
  std::string key;
  for (int i = 0; i < 4; ++i) key.append(std::to_string(entropy_seed())).append(" ");
  return realtime::TokenSigner(derive_key(key, kRealtimePurpose));
}

OriginRules make_rules(const ServiceOptions& options) {
  const bool is_dev = options.mode == Mode::kDev;
  OriginRules rules{.allow_loopback_hosts = true,
                    .allow_any_host = !is_dev && options.hosts.empty(),
                    .allow_loopback_origins = is_dev};
  for (const std::string& host : options.hosts) {
    rules.hosts.push_back(read_allowed_host(host).value());
  }
  for (const std::string& origin : options.origins) {
    rules.origins.push_back(read_allowed_origin(origin).value());
  }
  return rules;
}

Result<void> validate_names(const ServiceOptions& options) {
  if (options.addresses.empty()) {
    return Error{ErrorCode::kInvalid, "there is no address to listen on"};
  }
  for (const std::string& host : options.hosts) {
    if (const auto read = read_allowed_host(host); !read) return read.error();
  }
  for (const std::string& origin : options.origins) {
    if (const auto read = read_allowed_origin(origin); !read) return read.error();
  }
  return {};
}

HttpOptions http_options(const ServiceOptions& options) {
  return {.limits = options.limits,
          .common_lines = fmt::format("X-Inngest-Server-Kind: {}\r\n"
                                      "X-Content-Type-Options: nosniff\r\n"
                                      "Referrer-Policy: no-referrer\r\n",
                                      options.mode == Mode::kDev ? "dev" : "cloud")};
}

}  // namespace

Result<void> validate(const ServiceOptions& options) {
  if (const Result<void> names = validate_names(options); !names) return names.error();
  for (const std::string& key : options.signing_keys) {
    if (const auto parsed = SigningKey::parse(key); !parsed) return parsed.error();
  }
  for (const std::string& key : options.event_keys) {
    if (key.empty()) return Error{ErrorCode::kInvalid, "an event key must not be empty"};
  }
  for (const std::string& address : options.addresses) {
    if (options.mode == Mode::kServe || is_loopback_address(address)) continue;
    return Error{ErrorCode::kInvalid,
                 fmt::format("without keys a server serves this machine alone: to listen on {} it "
                             "needs an event key and a signing key (stepwell serve)",
                             address)};
  }
  if (options.mode == Mode::kServe && options.signing_keys.empty() && options.event_keys.empty()) {
    return Error{ErrorCode::kInvalid,
                 "an event key and a signing key are needed: set STEPWELL_EVENT_KEY and "
                 "STEPWELL_SIGNING_KEY (\"openssl rand -hex 32\" makes one)"};
  }
  if (options.mode == Mode::kServe && options.signing_keys.empty()) {
    return Error{ErrorCode::kInvalid,
                 "a signing key is needed: set STEPWELL_SIGNING_KEY (\"openssl rand -hex 32\" "
                 "makes one)"};
  }
  if (options.mode == Mode::kServe && options.event_keys.empty()) {
    return Error{ErrorCode::kInvalid, "an event key is needed: set STEPWELL_EVENT_KEY"};
  }
  return {};
}

Service::Service(UvLoop& loop, runtime::Runtime& runtime, realtime::Hub& hub,
                 ServiceOptions options)
    : options_(std::move(options)),
      random_(entropy_seed()),
      auth_(options_.mode, read_keys(options_), make_signer(options_), runtime::wall_clock),
      gateway_(loop, runtime),
      router_(
          make_rules(options_),
          [this](Access access, const Request& request) { return auth_.check(access, request); }),
      doors_(std::make_unique<realtime::Doors>(
          loop, hub,
          [this](std::string_view token) { return auth_.tokens().verify(token, auth_.now()); },
          options_.realtime)),
      run_streams_(std::make_unique<RunStreams>(loop)),
      http_(std::make_unique<HttpServer>(loop, router_, http_options(options_))) {
  add_event_routes(router_, gateway_, options_.events);
  add_rest_routes(router_, gateway_);
  add_bulk_cancel_routes(router_, gateway_);
  add_rest_v2_routes(router_, gateway_);
  add_rest_v2_lists(router_, gateway_);
  add_life_routes(router_, gateway_);
  add_admin_routes(router_, gateway_, *http_, hub, *run_streams_);
  realtime::add_realtime_routes(router_, {gateway_, auth_, *doors_, random_});
  realtime::add_topic_routes(router_, gateway_);
  runtime.on_commit([this, &loop](const std::vector<RunNo>& runs) {
    loop.run_here_or_post([this, runs] { run_streams_->changed(runs); });
  });
}

Service::~Service() {
  http_.reset();  // closes all connections, so that no stream is left
  doors_.reset();
  run_streams_.reset();
}

Result<uint16_t> Service::listen() {
  uint16_t port = options_.port;
  for (const std::string& address : options_.addresses) {
    const Result<uint16_t> bound = http_->listen(address, port);
    if (!bound) return bound.error();
    port = *bound;
  }
  return port;
}

void Service::stop(Milliseconds grace, std::function<void()> on_stopped) {
  http_->stop(grace, std::move(on_stopped));
}

}  // namespace stepwell::server
