#include "api/sdk/syncer.h"

#include <fmt/core.h>

#include <set>
#include <utility>

#include "api/sdk/signature.h"
#include "api/sdk/url.h"
#include "engine/runtime/clock.h"
#include "schema/jcs.h"
#include "schema/json.h"
#include "schema/utf8.h"

namespace stepwell::sdk {
namespace {

constexpr Milliseconds kAskTimeout{10'000};
constexpr Milliseconds kProbeTimeout{2'000};
constexpr Milliseconds kUntilServing{50};
constexpr size_t kAnswerBytesMax = 8 * 1024 * 1024;  // an app's functions
constexpr int kRedirectsMax = 5;
constexpr size_t kShownBytesMax = 500;

// Where frameworks serve functions.
constexpr std::string_view kUsualPaths[] = {
    "/api/inngest", "/x/inngest", "/.netlify/functions/inngest", "/.redwood/functions/inngest"};

bool is_sdk(const HttpResponse& response) {
  return response.headers.find("x-inngest-sdk").has_value();
}

std::string text_member(const JsonView& object, std::string_view name) {
  const auto value = object.find(name);
  return value ? value->as_string().value_or("") : std::string();
}

// What an app that refuses says of itself.
std::string words_of(const HttpResponse& response) {
  const Result<JsonView> json = parse_json(response.body);
  if (!json) return {};
  std::string words = text_member(*json, "message");
  if (words.empty()) words = text_member(*json, "error");
  if (words.empty()) words = text_member(*json, "code");
  // Not inside a character.
  words.resize(valid_utf8_length(std::string_view(words).substr(0, kShownBytesMax)));
  return words;
}

}  // namespace

std::string refusal_of(const HttpResponse& response) {
  const std::string words = words_of(response);
  if (!words.empty()) return fmt::format("it answers {}: {}", response.status, words);
  if (response.status == 401 || response.status == 403) {
    return fmt::format("it answers {}: its signing key differs from ours, or it is in another mode",
                       response.status);
  }
  if (response.status == 404) return "it answers 404: nothing is served at this path";
  return fmt::format("it answers {}", response.status);
}

std::vector<uint16_t> usual_ports() {
  std::vector<uint16_t> ports = {80, 443, 4321, 5000, 5173, 8000, 8080, 8081, 8787, 8888};
  for (uint16_t port = 3000; port <= 3010; ++port) ports.push_back(port);
  for (uint16_t port = 8910; port <= 8915; ++port) ports.push_back(port);
  return ports;
}

Syncer::Syncer(server::Gateway& gateway, HttpClient& client, Apps& apps, SyncOptions options,
               Listener on_news)
    : gateway_(gateway),
      client_(client),
      apps_(apps),
      options_(std::move(options)),
      on_news_(std::move(on_news)),
      timer_(std::make_unique<server::Timer>(gateway.loop(), [this] { tick(); })) {
  for (const std::string& url : options_.urls) targets_.try_emplace(app_url(url), Target{url});
}

Syncer::~Syncer() = default;

void Syncer::start() {
  timer_->arm_after(Milliseconds(0));
}

void Syncer::tick() {
  if (gateway_.runtime().state() != runtime::RuntimeState::kServing) {
    timer_->arm_after(kUntilServing);
    return;
  }
  timer_->arm_after(options_.interval);
  apps_.look([this, alive = std::weak_ptr(alive_)](const Result<void>& known) {
    if (!alive.expired() && known) ask_all();
  });
}

void Syncer::ask_all() {
  forget_gone();
  if (options_.polls) {
    for (const auto& [name, app] : apps_.all()) targets_.try_emplace(app.url, Target{app.url});
  }
  for (const auto& [key, target] : targets_) {
    if (!target.has_answered || options_.polls) ask(key);
  }
  if (!options_.discovery_ports.empty() && apps_.all().empty()) discover();
}

// The URLs of apps that have gone or moved: asked again, they would come back, or move to and fro.
// What was found by chance is asked until it has answered.
void Syncer::forget_gone() {
  std::set<std::string> wanted;
  for (const std::string& url : options_.urls) wanted.insert(app_url(url));
  for (const auto& [name, app] : apps_.all()) wanted.insert(app.url);
  std::erase_if(targets_, [&](const auto& entry) {
    const Target& target = entry.second;
    return !target.is_under_way && !target.is_candidate && !wanted.contains(entry.first);
  });
}

void Syncer::ask(const std::string& key) {
  Target& target = targets_.at(key);
  if (target.is_under_way) return;
  target.is_under_way = true;
  JsonWriter body;
  body.begin_object().key("url").string(target.url).end_object();
  const std::string canonical = canonicalize_json(body.text()).value();
  HttpRequest request{.method = "PUT", .url = target.url, .body = canonical, .lane = key};
  request.headers = {
      {"Content-Type", "application/json"},
      {"X-Inngest-Server-Kind", options_.mode == server::Mode::kDev ? "dev" : "cloud"}};
  if (!options_.signing_keys.empty()) {
    request.headers.emplace_back(
        "X-Inngest-Signature",
        sign_body(options_.signing_keys.front(), canonical, runtime::wall_clock()));
  }
  request.timeout = kAskTimeout;
  request.response_bytes_max = kAnswerBytesMax;
  request.redirects = {.max = kRedirectsMax,
                       .may_leave_host = options_.mode == server::Mode::kDev,
                       .repeats_request = true};
  client_.send(std::move(request),
               [this, key](const HttpOutcome& outcome) { answered(key, outcome); });
}

void Syncer::answered(const std::string& key, const HttpOutcome& outcome) {
  if (const auto* failure = std::get_if<HttpFailure>(&outcome)) {
    return settle(key, failure->message);
  }
  const HttpResponse& response = std::get<HttpResponse>(outcome);
  if (response.status < 200 || response.status > 299) return settle(key, refusal_of(response));
  if (response.headers.find("x-inngest-sync-kind") == "in_band") {
    return register_in_band(key, response);
  }
  if (!is_sdk(response)) return settle(key, "what answers there is no endpoint of an SDK");
  settle(key, std::nullopt);
}

// An app that answers so does not register by itself.
void Syncer::register_in_band(const std::string& key, const HttpResponse& response) {
  if (!options_.signing_keys.empty()) {
    const Result<void> verified =
        verify_signature(options_.signing_keys, response.headers.find(kSignatureField).value_or(""),
                         response.body, runtime::wall_clock());
    if (!verified) return settle(key, "its answer is refused: " + verified.error().message);
  }
  apps_.add(response.body, BodyKind::kInBand,
            [this, alive = std::weak_ptr(alive_), key](const Apps::Outcome& outcome) {
              if (alive.expired()) return;
              settle(key, outcome.fault ? std::optional(outcome.fault->message) : std::nullopt);
            });
}

void Syncer::settle(const std::string& key, std::optional<std::string> error) {
  Target& target = targets_.at(key);
  target.is_under_way = false;
  target.has_answered = !error;
  target.is_candidate = target.is_candidate && error.has_value();
  if (error == target.error) return;
  if (error) {
    on_news_(fmt::format("cannot sync {}: {}", without_secrets(target.url), *error));
  } else {
    on_news_(fmt::format("{} answers again", without_secrets(target.url)));
  }
  target.error = std::move(error);
}

void Syncer::discover() {
  if (probes_ > 0) return;
  for (const uint16_t port : options_.discovery_ports) {
    ++probes_;
    probe(port, 0);
  }
}

// Path after path, unless nobody listens at the port.
void Syncer::probe(uint16_t port, size_t path) {
  const std::string url = fmt::format("http://localhost:{}{}", port, kUsualPaths[path]);
  HttpRequest request{.method = "GET", .url = url, .body = "", .lane = "discovery"};
  request.timeout = kProbeTimeout;
  client_.send(std::move(request), [this, port, path, url](const HttpOutcome& outcome) {
    const auto* response = std::get_if<HttpResponse>(&outcome);
    if (response != nullptr && is_sdk(*response)) {
      --probes_;
      const std::string key = app_url(url);
      targets_.try_emplace(key, Target{.url = url, .is_candidate = true});
      ask(key);
    } else if (response != nullptr && path + 1 < std::size(kUsualPaths)) {
      probe(port, path + 1);
    } else {
      --probes_;
    }
  });
}

}  // namespace stepwell::sdk
