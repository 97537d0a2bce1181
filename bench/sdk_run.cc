#include "bench/sdk_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "api/sdk/call_body.h"

namespace stepwell::bench {
namespace {

constexpr const char* kSigningKey = "signkey-bench-8ee2262a15e8d3c42d6a840db7af3de2";
constexpr const char* kEventKey = "bench";

std::string step_id(int i) {
  return fmt::format("step-{}", i);
}

std::string result_of(int i) {
  return fmt::format(R"({{"n":{}}})", i);
}

sdk::HttpClientOptions loopback_options() {
  sdk::HttpClientOptions options;
  options.addresses.allow_loopback = true;
  return options;
}

sdk::HttpRequest post(std::string url, std::string body) {
  sdk::HttpRequest request;
  request.url = std::move(url);
  request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(body);
  return request;
}

// What is wrong with an outcome; empty: it is a response of 2xx.
std::string problem_of(const sdk::HttpOutcome& outcome) {
  if (const auto* failure = std::get_if<sdk::HttpFailure>(&outcome)) return failure->message;
  const auto& response = std::get<sdk::HttpResponse>(outcome);
  if (response.status / 100 == 2) return "";
  return fmt::format("status {}: {}", response.status, response.body);
}

uint16_t port_in(const std::string& text) {
  uint16_t port = 0;
  const char* begin = text.data() + text.rfind(':') + 1;
  std::from_chars(begin, text.data() + text.size(), port);
  if (port == 0) throw std::runtime_error("no port in \"" + text + "\"");
  return port;
}

// A call of a run in which so many steps are done.
core::Call sample_call(int done, int dialect) {
  core::RunContext run;
  run.no = 1;
  run.id = RunId::parse("01JD7RVNRVNRVNRVNRVNRVNRVN").value();
  run.function = {"ten-plain"};
  run.events.push_back({.name = "ten/plain", .id = "e", .ts = Time(Duration(1732380000000))});
  core::Call call;
  call.id = {1, 1};
  call.run = std::make_shared<const core::RunContext>(std::move(run));
  call.endpoint = std::make_shared<const core::Endpoint>(core::Endpoint{"ten", "http://app/"});
  call.max_attempts = 4;
  call.dialect = dialect;
  for (int i = 0; i < done; ++i) {
    call.memo.push_back({.key = StepKey::of(step_id(i)), .id = step_id(i), .data = result_of(i)});
  }
  return call;
}

}  // namespace

// -- The server -----------------------------------------------------------------------------------

SdkServer::SdkServer(const std::string& journal, Mode mode) : mode_(mode) {
  auto serves = std::make_shared<AwaitedLine>("  serves");
  auto ready = std::make_shared<AwaitedLine>("  ready");
  const bool is_dev = mode == Mode::kDev;
  const auto program = std::filesystem::read_symlink("/proc/self/exe").replace_filename("stepwell");
  std::vector<std::string> arguments = {program,  "--db", journal,      is_dev ? "dev" : "serve",
                                        "--port", "0",    "--no-colour"};
  if (is_dev) {
    arguments.insert(arguments.end(), {"--no-discovery", "--no-poll"});
  } else {
    arguments.emplace_back("--allow-private-sdk-urls");
  }
  child_ = std::make_unique<Child>(
      std::move(arguments),
      std::vector<std::string>{fmt::format("STEPWELL_SIGNING_KEY={}", kSigningKey),
                               fmt::format("STEPWELL_EVENT_KEY={}", kEventKey)},
      [serves, ready](const std::string& line) {
        serves->look(line);
        ready->look(line);
      });
  port_ = port_in(serves->wait());
  ready->wait();
}

std::string SdkServer::event_url() const {
  return url() + "/e/" + kEventKey;
}

sdk::HttpFields SdkServer::credentials() const {
  if (mode_ == Mode::kDev) return {};
  return {{"Authorization", fmt::format("Bearer {}", kSigningKey)}};
}

// -- The bench ------------------------------------------------------------------------------------

SdkBench::SdkBench()
    : client_(executor_, sdk::loop_transports(loop_, loopback_options()), loopback_options()) {}

void SdkBench::ask(sdk::HttpRequest request) {
  client_.send(std::move(request), [&](const sdk::HttpOutcome& outcome) {
    problem_ = problem_of(outcome);
    loop_.stop();
  });
  loop_.run();
  if (!problem_.empty()) throw std::runtime_error(problem_);
}

double SdkBench::run(const SdkServer& server, const std::string& event, int open, uint64_t count) {
  event_url_ = server.event_url();
  event_ = fmt::format(R"({{"name":"{}","data":{{"series":{}}}}})", event, ++series_);
  sent_ = ended_ = 0;
  count_ = count;
  Stopwatch watch;
  send_events(static_cast<int>(std::min(static_cast<uint64_t>(open), count)));
  loop_.run();
  if (!problem_.empty()) throw std::runtime_error(problem_);
  return watch.seconds();
}

void SdkBench::send_events(int count) {
  std::string body = "[" + event_;
  for (int i = 1; i < count; ++i) body += "," + event_;
  sent_ += static_cast<uint64_t>(count);
  client_.send(post(event_url_, body + "]"), [this](const sdk::HttpOutcome& outcome) {
    problem_ = problem_of(outcome);
    if (!problem_.empty()) loop_.stop();
  });
}

void SdkBench::ended() {
  if (++ended_ == count_) return loop_.stop();
  if (sent_ < count_) send_events(1);
}

double SdkBench::call(int open, uint64_t count,
                      const std::function<sdk::HttpRequest(uint64_t)>& request) {
  uint64_t started = 0;
  uint64_t done = 0;
  std::function<void()> next = [&] {
    client_.send(request(started++), [&](const sdk::HttpOutcome& outcome) {
      if (problem_.empty()) problem_ = problem_of(outcome);
      if (++done == count || !problem_.empty()) return loop_.stop();
      if (started < count) next();
    });
  };
  Stopwatch watch;
  for (uint64_t i = 0; i < std::min(static_cast<uint64_t>(open), count); ++i) next();
  loop_.run();
  if (!problem_.empty()) throw std::runtime_error(problem_);
  return watch.seconds();
}

// -- The instant app ------------------------------------------------------------------------------

InstantApp::InstantApp(SdkBench& bench, const SdkServer& server)
    : bench_(bench),
      router_({}, [](server::Access, const server::Request&) { return std::nullopt; }),
      http_(bench.loop(), router_, {}) {
  for (int i = 0; i < kStepsOfRun; ++i) {
    const std::string key = StepKey::of(step_id(i)).to_string();
    ops_.push_back(
        fmt::format(R"([{{"op":"StepRun","id":"{}","name":"{}","displayName":"{}","data":{}}}])",
                    key, step_id(i), step_id(i), result_of(i)));
  }
  router_.add({.method = server::Method::kPost,
               .pattern = "/api/inngest",
               .policy = server::Access::kPublic,
               .handler = [this](server::Request&& request, const server::Responder& responder) {
                 answer(request, responder);
               }});
  const std::string url =
      fmt::format("http://127.0.0.1:{}/api/inngest", http_.listen("127.0.0.1", 0).value());
  sdk::HttpRequest registration = post(
      server.url() + "/fn/register",
      fmt::format(
          R"({{"url":"{0}","deployType":"ping","appName":"instant","sdk":"js:v4.0.0","v":"0.1",)"
          R"("functions":[{{"id":"instant-ten","name":"ten","triggers":[{{"event":"{1}"}}],)"
          R"("steps":{{"step":{{"id":"step","name":"step","runtime":{{"type":"http",)"
          R"("url":"{0}?fnId=instant-ten&stepId=step"}}}}}}}}]}})",
          url, kEvent));
  for (auto& field : server.credentials()) registration.headers.push_back(std::move(field));
  bench.ask(std::move(registration));
}

void InstantApp::answer(const server::Request& request, const server::Responder& responder) {
  ++calls_;
  constexpr std::string_view kCurrent = "\"current\":";
  size_t done = 0;
  const size_t at = request.body.find(kCurrent);
  if (at != std::string::npos) {
    const char* begin = request.body.data() + at + kCurrent.size();
    std::from_chars(begin, request.body.data() + request.body.size(), done);
  }
  const bool is_done = done >= ops_.size();
  responder.send({.status = is_done ? 200 : 206,
                  .body = is_done ? "null" : ops_[done],
                  .headers = {{"X-Inngest-Sdk", "js:v4.0.0"}, {"X-Inngest-Req-Version", "2"}}});
  if (is_done) bench_.ended();
}

// -- Node -----------------------------------------------------------------------------------------

std::string NodeApp::missing(int version) {
  const std::string folder = STEPWELL_SDK_APPS;
  for (const std::string& needed :
       {folder + "/node_modules/.bin/node", fmt::format("{}/v{}/node_modules", folder, version)}) {
    if (!std::filesystem::exists(needed)) {
      return needed + " is not there (./test.sh sdk installs it)";
    }
  }
  return "";
}

NodeApp::NodeApp(SdkBench& bench, const SdkServer& server, int version) {
  const std::string folder = STEPWELL_SDK_APPS;
  auto listening = std::make_shared<AwaitedLine>("listening ");
  child_ = std::make_unique<Child>(
      std::vector<std::string>{folder + "/node_modules/.bin/node",
                               fmt::format("{}/v{}/app.mjs", folder, version), "ten"},
      std::vector<std::string>{"INNGEST_DEV=" + server.url(), "HOST=node"},
      [&bench, listening](const std::string& line) {
        constexpr std::string_view kDone = R"({"note":{"kind":"done","data":)";
        if (line.starts_with(kDone)) {
          const int series = std::atoi(line.c_str() + kDone.size());
          return bench.loop().post([&bench, series] {
            if (series == bench.series()) bench.ended();
          });
        }
        listening->look(line);
      });
  const std::string url =
      fmt::format("http://127.0.0.1:{}/api/inngest", port_in(":" + listening->wait()));
  sdk::HttpRequest sync = post(url, "");
  sync.method = "PUT";
  bench.ask(std::move(sync));

  const int dialect = version >= 4 ? 2 : 1;
  for (int done = 0; done <= kStepsOfRun; ++done) {
    sdk::HttpRequest call =
        post(url + "?fnId=ten-plain&stepId=step", sdk::call_body(sample_call(done, dialect)));
    call.headers.emplace_back("x-inngest-req-version", std::to_string(dialect));
    ready_made_.push_back(std::move(call));
  }
}

}  // namespace stepwell::bench
