// The real server with apps that it calls, for W7: the bench sends the events, and may be the app.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/sdk/http_client.h"
#include "api/sdk/loop_http.h"
#include "api/server/http_server.h"
#include "api/server/uv_loop.h"
#include "bench/bench.h"
#include "bench/child.h"

namespace stepwell::bench {

inline constexpr int kStepsOfRun = 10;

// The program `stepwell`, from where this one lies.
class SdkServer {
 public:
  enum class Mode { kDev, kServe };  // kServe signs calls

  SdkServer(const std::string& journal, Mode mode);

  uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string event_url() const;
  // What requests with the signing key carry; empty in dev mode.
  sdk::HttpFields credentials() const;
  double cpu_seconds() const { return child_->cpu_seconds(); }

 private:
  Mode mode_;
  std::unique_ptr<Child> child_;
  uint16_t port_ = 0;
};

// What the bench does on its own thread: a loop, a client.
class SdkBench {
 public:
  SdkBench();

  server::UvLoop& loop() { return loop_; }
  // Sends it and waits for an answer of 2xx; throws otherwise.
  void ask(sdk::HttpRequest request);

  // Starts runs with `event` so that `open` of them are, until `count` have ended; `ended()` tells
  // of each. Gives the seconds that it took. Their events say in "series" which run() it was.
  double run(const SdkServer& server, const std::string& event, int open, uint64_t count);
  // Of one run: from the loop thread, while run() is under way.
  void ended();
  int series() const { return series_; }

  // Makes `count` requests, the i-th as `request(i)` says, with `open` under way. Gives the seconds
  // that it took.
  double call(int open, uint64_t count, const std::function<sdk::HttpRequest(uint64_t)>& request);

 private:
  void send_events(int count);

  server::UvLoop loop_;
  sdk::LoopExecutor executor_{loop_};
  sdk::HttpClient client_;
  std::string event_url_;
  std::string event_;
  int series_ = 0;
  uint64_t sent_ = 0;
  uint64_t ended_ = 0;
  uint64_t count_ = 0;
  std::string problem_;
};

// An app that costs nothing: one function of ten steps, whose ops are ready. On the bench's loop.
class InstantApp {
 public:
  InstantApp(SdkBench& bench, const SdkServer& server);

  uint64_t calls() const { return calls_; }
  static constexpr const char* kEvent = "instant/go";

 private:
  void answer(const server::Request& request, const server::Responder& responder);

  SdkBench& bench_;
  std::vector<std::string> ops_;  // by the number of steps that are done
  uint64_t calls_ = 0;
  server::Router router_;
  server::HttpServer http_;
};

// tests/sdk/apps/ten.mjs with one major version of the SDK, in a Node process.
class NodeApp {
 public:
  NodeApp(SdkBench& bench, const SdkServer& server, int version);

  // Why it can't be started; empty: it can.
  static std::string missing(int version);

  // The calls of a whole run of the function "plain", in turn, as the server would make them.
  sdk::HttpRequest ready_made(uint64_t i) const { return ready_made_[i % ready_made_.size()]; }

 private:
  std::unique_ptr<Child> child_;
  std::vector<sdk::HttpRequest> ready_made_;
};

}  // namespace stepwell::bench
