#include "api/sdk/engine_step.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "api/sdk/op_codec.h"
#include "api/sdk/retry_after.h"
#include "api/sdk/url.h"
#include "api/server/json_body.h"
#include "schema/json.h"

namespace stepwell::sdk {
namespace {

constexpr Milliseconds kTimeout = std::chrono::hours(2);  // models may think for long
constexpr int kRedirectsMax = 3;
constexpr std::string_view kFetchError = "GatewayError";
constexpr std::string_view kInferError = "AIGatewayError";

std::string text_of(JsonView object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->as_string().value_or("") : std::string();
}

HttpFields fields_of(JsonView options) {
  HttpFields fields;
  const auto headers = options.find("headers");
  if (!headers) return fields;
  for (JsonMembers it = headers->members(); it.next();) {
    const auto text = it.value().as_string();
    if (text || it.value().type() == JsonType::kNumber) {
      fields.emplace_back(it.key(), text ? *text : std::string(it.value().text()));
    }
  }
  return fields;
}

bool has_field(const HttpFields& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [&](const auto& field) {
    return server::equals_ignoring_case(field.first, name);
  });
}

HttpRequest fetch_request(JsonView options) {
  HttpRequest request;
  request.method = text_of(options, "method");
  if (request.method.empty()) request.method = "POST";
  request.headers = fields_of(options);
  if (const auto body = options.find("body"); body && !body->is_null()) {
    request.body = body->as_string().value_or(std::string(body->text()));
  }
  return request;
}

// Puts the key where the provider looks for it.
void authorize(HttpRequest& request, std::string_view format, const std::string& key) {
  if (key.empty()) return;
  if (format == "anthropic") {
    if (!has_field(request.headers, "x-api-key")) request.headers.emplace_back("x-api-key", key);
  } else if (format == "gemini") {
    request.url = with_parameter(request.url, "key", key);
  } else if (!has_field(request.headers, "authorization")) {
    request.headers.emplace_back("Authorization", format == "bedrock" ? key : "Bearer " + key);
  }
}

HttpRequest infer_request(JsonView options, std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.headers = fields_of(options);
  if (!has_field(request.headers, "content-type")) {
    request.headers.emplace_back("Content-Type", "application/json");
  }
  if (const auto body = options.find("body")) request.body = body->text();
  const std::string format = text_of(options, "format");
  if (format == "anthropic" && !has_field(request.headers, "anthropic-version")) {
    request.headers.emplace_back("anthropic-version", "2023-06-01");
  }
  authorize(request, format, text_of(options, "auth_key"));
  return request;
}

StepThrew failed(StepKind kind, std::string message) {
  return {.error = {.name = std::string(kind == StepKind::kInfer ? kInferError : kFetchError),
                    .message = std::move(message)}};
}

// What the body that is handed on has: fields of one name as one, those of its coding left out.
HttpFields fields_of(const HttpResponse& response) {
  HttpFields fields;
  for (size_t i = 0; i < response.headers.size(); ++i) {
    const std::string_view name = response.headers.name(i);
    const std::string_view value = response.headers.value(i);
    if (response.is_decoded && (name == "content-encoding" || name == "content-length")) continue;
    const auto same = std::find_if(fields.begin(), fields.end(),
                                   [&](const auto& field) { return field.first == name; });
    if (same == fields.end()) {
      fields.emplace_back(name, value);
    } else {
      same->second.append(", ").append(value);
    }
  }
  return fields;
}

// {"url", "headers", "body", "status_code"}
std::string fetched(const HttpResponse& response) {
  JsonWriter json;
  json.begin_object().key("url").string(response.url.to_string()).key("headers").begin_object();
  for (const auto& [name, value] : fields_of(response)) json.key(name).string(value);
  json.end_object().key("body").string(response.body);
  return json.key("status_code").integer(response.status).end_object().take();
}

}  // namespace

Result<HttpRequest> engine_request(StepKind kind, std::string_view options_text) {
  const Result<JsonView> options = parse_json(options_text);
  if (!options || !options->is_object()) {
    return Error{ErrorCode::kInvalid, "its options are no object"};
  }
  for (const std::string_view key : {"url", "method", "format", "auth_key"}) {
    if (const Result<std::string> text = server::read_text(*options, key); !text) {
      return text.error();
    }
  }
  std::string url = text_of(*options, "url");
  if (url.empty()) return Error{ErrorCode::kInvalid, "it names no URL"};
  HttpRequest request =
      kind == StepKind::kInfer ? infer_request(*options, url) : fetch_request(*options);
  if (request.url.empty()) request.url = std::move(url);
  request.timeout = kTimeout;
  request.response_bytes_max = kStepBytesMax;
  request.redirects = {.max = kRedirectsMax, .may_leave_host = true};
  if (const Result<Url> valid = Url::parse(request.url); !valid) return valid.error();
  return request;
}

std::variant<StepReturned, StepThrew> engine_result(StepKind kind, HttpOutcome outcome, Time now) {
  if (const auto* failure = std::get_if<HttpFailure>(&outcome)) {
    StepThrew threw = failed(kind, failure->message);
    // What the address policy or the request's own form forbids will not be better later.
    threw.retriable =
        failure->kind != HttpFailure::Kind::kDenied && failure->kind != HttpFailure::Kind::kInvalid;
    return threw;
  }
  const auto& response = std::get<HttpResponse>(outcome);
  if (kind != StepKind::kInfer) return StepReturned{.data = fetched(response)};
  if (response.status < 200 || response.status > 299) {
    StepThrew threw =
        failed(kind, fmt::format("the provider answered with HTTP {}", response.status));
    JsonWriter extra;
    threw.error.extra = extra.begin_object().key("data").string(response.body).end_object().take();
    if (const auto field = response.headers.find("retry-after")) {
      threw.retry_after = parse_retry_after(*field, now);
    }
    return threw;
  }
  if (const Result<JsonView> json = parse_json(response.body); !json) {
    return failed(kind, "the provider's answer can't be read: " + json.error().message);
  }
  return StepReturned{.data = response.body};
}

}  // namespace stepwell::sdk
