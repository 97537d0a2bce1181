// The engine's HTTP client: calls of SDK endpoints, step.fetch, step.ai.infer.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "api/sdk/address_policy.h"
#include "api/sdk/executor.h"
#include "api/sdk/transport.h"

namespace stepwell::sdk {

struct Redirects {
  int max = 0;  // more is a failure; with 0 a redirect is an ordinary response
  bool may_leave_host = false;
  // The method and the body go along whatever the status says, and parameters of the query that
  // the new URL lacks. Else as browsers do: 303, and 301 and 302 for POST, become GET.
  bool repeats_request = false;
};

struct HttpRequest {
  std::string method = "POST";
  std::string url;
  HttpFields headers;  // Host, Content-Length and other fields of the connection are left out
  std::string body;
  // Requests of one lane share its places: an app that is slow makes only its own calls wait.
  std::string lane;
  Milliseconds timeout{30'000};  // of each hop, from when the request goes out
  size_t response_bytes_max = 8u << 20;
  Redirects redirects;
  // Called when it leaves its lane, however long it has waited there; may change values of headers.
  std::function<void(HttpRequest&)> before_sending = {};
};

struct HttpClientOptions {
  AddressPolicy addresses;
  size_t lane_requests_max = 512;  // under way at once; more wait for their turn
  Milliseconds connect_timeout{10'000};
  std::string user_agent = "Stepwell";
  std::string ca_file;  // of accepted certificates; empty: the system's
};

// How exchanges are carried, by the scheme of their URL.
struct HttpTransports {
  std::unique_ptr<Transport> plain;
  std::unique_ptr<Transport> tls;
};

// Loop thread only.
class HttpClient {
 public:
  using Callback = std::function<void(HttpOutcome)>;

  // `executor` outlives it.
  HttpClient(Executor& executor, HttpTransports transports, HttpClientOptions options);
  // What is under way ends without an answer.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Calls back once, later. Returns a number for cancel().
  uint64_t send(HttpRequest request, Callback callback);

  // Ends it; its callback is not called. Numbers that are done already are ignored.
  void cancel(uint64_t id);

  // Nobody asks for its answer any more; its callback is not called. One that is under way goes on,
  // in its place of the lane, until it is answered or its time is over; one that waits is not sent.
  void abandon(uint64_t id);

  size_t under_way() const { return under_way_; }
  size_t waiting() const { return jobs_.size() - under_way_; }

 private:
  struct Job;
  struct Lane {
    size_t under_way = 0;
    std::deque<uint64_t> waiting;
  };

  void begin(uint64_t id);
  void hop(uint64_t id);
  void answered(uint64_t id, HttpOutcome outcome);
  // True: the response was a redirect, and another hop is on its way or the job has failed.
  bool redirected(uint64_t id, Job& job, const HttpResponse& response);
  void decode(uint64_t id, HttpResponse response);
  void fail(uint64_t id, HttpFailure::Kind kind, std::string message);
  void finish(uint64_t id, HttpOutcome outcome);
  void leave_lane(const std::string& name, bool was_under_way);
  Transport& transport(const Url& url) {
    return url.is_https ? *transports_.tls : *transports_.plain;
  }

  Executor& executor_;
  HttpClientOptions options_;
  HttpTransports transports_;
  std::unordered_map<uint64_t, std::unique_ptr<Job>> jobs_;
  std::map<std::string, Lane> lanes_;
  size_t under_way_ = 0;
  uint64_t last_id_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace stepwell::sdk
