#include "api/sdk/register_routes.h"

#include <fmt/core.h>

#include <utility>

#include "api/server/record_json.h"
#include "schema/encoding.h"
#include "schema/json.h"

namespace stepwell::sdk {
namespace {

using server::Access;
using server::Method;
using server::Request;
using server::Responder;
using server::Response;

// Thousands of functions; a body as large as this takes its time on another thread.
constexpr size_t kRegisterBytesMax = 8 * 1024 * 1024;

constexpr std::string_view kExpectedKindField = "x-inngest-expected-server-kind";

// SDKs read `status` from the body, and take an answer without one for a success.
Response refusal(int status, const RegistrationFault& fault) {
  JsonWriter out;
  out.begin_object().key("code").string(fault.code).key("error").string(fault.message);
  if (!fault.details.empty()) {
    out.key("data").begin_array();
    for (const std::string& detail : fault.details) out.string(detail);
    out.end_array();
  }
  return Response::json(status, out.key("status").integer(status).end_object().take());
}

Response success(const Apps::Outcome& outcome, std::string_view checksum) {
  JsonWriter out;
  out.begin_object().key("ok").boolean(true).key("modified").boolean(outcome.is_modified);
  out.key("sync_id").string(server::uuid_of(fmt::format("sync:{}", checksum)));
  out.key("app_id").string(server::uuid_of("app:" + outcome.app));
  return Response::json(200, out.key("status").integer(200).end_object().take());
}

std::string_view kind_of(server::Mode mode) {
  return mode == server::Mode::kDev ? "dev" : "cloud";
}

void add_app(Apps& apps, server::Mode mode, Request&& request, const Responder& responder) {
  const std::string_view expected = request.headers.find(kExpectedKindField).value_or("");
  if (!expected.empty() && expected != kind_of(mode)) {
    return responder.send(
        refusal(400, {"server_kind_mismatch",
                      fmt::format("Expected server kind {}, got {}: an app in dev mode registers "
                                  "with stepwell dev, one in production mode with stepwell serve",
                                  kind_of(mode), expected),
                      {}}));
  }
  std::string checksum = sha256_hex(request.body);
  apps.add(std::move(request.body), BodyKind::kRegister,
           [responder, checksum](const Apps::Outcome& outcome) {
             if (!outcome.fault) return responder.send(success(outcome, checksum));
             Response response = refusal(outcome.is_unavailable ? 503 : 400, *outcome.fault);
             if (outcome.is_unavailable) response.headers.emplace_back("Retry-After", "1");
             responder.send(std::move(response));
           });
}

void remove_app(Apps& apps, const Request& request, const Responder& responder) {
  const auto url = request.query_value("url");
  if (!url || url->empty()) {
    return responder.send(Response::error(400, "\"url\" must be the URL of an app"));
  }
  apps.remove(*url, [responder](const Result<void>& removed) {
    if (!removed) return responder.send(server::failure(removed.error()));
    responder.send(Response::json(200, R"({"ok":true,"status":200})"));
  });
}

std::string dev_info(const Apps& apps, const RegisterRouteOptions& options) {
  JsonWriter out;
  out.begin_object().key("version").string(options.version).key("authed").boolean(false);
  out.key("startOpts").begin_object().key("urls").begin_array();
  for (const std::string& url : options.urls) out.string(url);
  out.end_array().key("autodiscover").boolean(options.discovers).end_object();
  out.key("handlers").begin_array();
  for (const auto& [name, app] : apps.all()) {
    out.begin_object().key("appName").string(name).key("url").string(app.url);
    out.key("sdk").string(app.sdk).key("framework").string(app.framework);
    out.key("functions").integer(static_cast<int64_t>(app.functions)).end_object();
  }
  return out.end_array().end_object().take();
}

}  // namespace

void add_register_routes(server::Router& router, Apps& apps, RegisterRouteOptions options) {
  router.add(
      {.method = Method::kPost,
       .pattern = "/fn/register",
       .policy = Access::kSigningKey,
       .body_bytes_max = kRegisterBytesMax,
       .handler = [&apps, mode = options.mode](Request&& request, const Responder& responder) {
         add_app(apps, mode, std::move(request), responder);
       }});
  router.add({.method = Method::kDelete,
              .pattern = "/fn/remove",
              .policy = Access::kSigningKey,
              .handler = [&apps](Request&& request, const Responder& responder) {
                remove_app(apps, request, responder);
              }});
  router.add(
      {.method = Method::kGet,
       .pattern = "/dev",
       .policy = Access::kDevOnly,
       .handler = [&apps, options = std::move(options)](Request&&, const Responder& responder) {
         // SDKs ask whether there is a server: it says so also while it can't read.
         apps.look([&apps, options, responder](const Result<void>&) {
           responder.send(Response::json(200, dev_info(apps, options)));
         });
       }});
}

}  // namespace stepwell::sdk
