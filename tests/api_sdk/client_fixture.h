// An HttpClient on a loop that runs inside the test's own thread.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/sdk/http_client.h"
#include "api/sdk/loop_http.h"
#include "api/server/uv_loop.h"

namespace stepwell::sdk {

inline HttpClientOptions loopback_options() {
  HttpClientOptions options;
  options.addresses.allow_loopback = true;
  return options;
}

class ClientFixture {
 public:
  explicit ClientFixture(const HttpClientOptions& options = loopback_options())
      : client_(std::make_unique<HttpClient>(executor_, loop_transports(loop_, options), options)) {
  }

  HttpClient& client() { return *client_; }
  server::UvLoop& loop() { return loop_; }

  // Sends all and waits for all outcomes.
  std::vector<HttpOutcome> ask_all(std::vector<HttpRequest> requests) {
    std::vector<HttpOutcome> outcomes(requests.size());
    size_t left = requests.size();
    for (size_t i = 0; i < requests.size(); ++i) {
      client_->send(std::move(requests[i]), [&, i](HttpOutcome outcome) {
        outcomes[i] = std::move(outcome);
        if (--left == 0) loop_.stop();
      });
    }
    loop_.run();
    return outcomes;
  }
  HttpOutcome ask(HttpRequest request) {
    std::vector<HttpRequest> one;
    one.push_back(std::move(request));
    return std::move(ask_all(std::move(one)).front());
  }
  HttpResponse response(HttpRequest request) {
    HttpOutcome outcome = ask(std::move(request));
    const auto* failure = std::get_if<HttpFailure>(&outcome);
    REQUIRE_MESSAGE(failure == nullptr, failure->message);
    return std::get<HttpResponse>(std::move(outcome));
  }
  HttpFailure failure(HttpRequest request) {
    HttpOutcome outcome = ask(std::move(request));
    REQUIRE(std::holds_alternative<HttpFailure>(outcome));
    return std::get<HttpFailure>(std::move(outcome));
  }

 private:
  server::UvLoop loop_;
  LoopExecutor executor_{loop_};
  std::unique_ptr<HttpClient> client_;
};

// A transport by itself, on such a loop.
template <class AnyTransport, class Options>
class TransportFixture {
 public:
  explicit TransportFixture(Options options) : transport_(loop_, std::move(options)) {}

  server::UvLoop& loop() { return loop_; }

  HttpOutcome post(const std::string& url) {
    HttpOutcome outcome;
    transport_.start(++last_id_,
                     {.method = "POST",
                      .url = Url::parse(url).value(),
                      .timeout = Milliseconds(60'000),
                      .response_bytes_max = 1000},
                     [&](HttpOutcome came) {
                       outcome = std::move(came);
                       loop_.stop();
                     });
    loop_.run();
    return outcome;
  }

 private:
  server::UvLoop loop_;
  AnyTransport transport_;
  uint64_t last_id_ = 0;
};

}  // namespace stepwell::sdk
