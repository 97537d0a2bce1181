// How one HTTP exchange is carried: a request goes out, a response comes back. Plain TCP
// (plain_transport.h) and TLS (curl_transport.h) implement it; HttpClient is what others use.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/sdk/url.h"
#include "api/server/request.h"

namespace stepwell::sdk {

using Milliseconds = std::chrono::milliseconds;

struct HttpResponse {
  int status = 0;
  server::Headers headers;
  std::string body;         // without any content coding
  bool is_decoded = false;  // it had one: Content-Encoding and Content-Length do not speak of it
  Url url;                  // that answered: another one than was asked, after redirects
};

// Why there is no response.
struct HttpFailure {
  enum class Kind {
    kInvalid,      // the request itself: a bad URL, a bad header
    kDenied,       // the address is not one to call
    kUnreachable,  // no such name, nobody listens, TLS fails: nothing was sent
    kReset,        // the connection ended before the response did
    kMalformed,    // what came is no HTTP response
    kTooLarge,     // the response is over its limit
    kTimeout,
    kRedirects,  // too many, or to where it may not lead
  };
  Kind kind = Kind::kUnreachable;
  std::string message;
};

using HttpOutcome = std::variant<HttpResponse, HttpFailure>;
using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct Exchange {
  std::string method;
  Url url;
  HttpFields headers;  // checked; without Host, Content-Length and the like
  std::string body;
  Milliseconds timeout{0};
  size_t response_bytes_max = 0;  // of the body, as it comes over the wire
};

// Loop thread only.
class Transport {
 public:
  using Done = std::function<void(HttpOutcome)>;
  virtual ~Transport() = default;
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Calls `done` once, not from inside start, unless the exchange is cancelled or the transport
  // goes. `id` is of the caller's choosing, unique among what is under way.
  virtual void start(uint64_t id, Exchange exchange, Done done) = 0;
  // Ends it without calling `done`.
  virtual void cancel(uint64_t id) = 0;
};

}  // namespace stepwell::sdk
