// The one table of what the server answers, and who may ask: method, path, credentials, body limit.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/server/limits.h"
#include "api/server/origin.h"
#include "api/server/request.h"
#include "api/server/response.h"
#include "schema/result.h"

namespace stepwell::server {

// Which credentials a route asks for. Checked by the router's Authorizer before the body is read.
enum class Access {
  kPublic,         // none
  kEventKey,       // an event key, as the path's parameter {key}
  kSigningKey,     // "Authorization: Bearer" with the signing key or its hash
  kRealtimeToken,  // a subscription token, as bearer or as ?token=
  kPublish,        // a realtime token with the right to publish, or the signing key
  kDevOnly,        // none, and only `stepwell dev` has the route: elsewhere it is 404
};

// An Access that cannot be left out: a Route without a policy does not compile.
class Policy {
 public:
  Policy() = delete;
  constexpr Policy(Access access) : access_(access) {}  // NOLINT: implicit
  constexpr Access access() const { return access_; }

 private:
  Access access_;
};

using Handler = std::function<void(Request&& request, Responder responder)>;

// Takes the body of a request piece by piece, as it comes. Destroyed without on_end() when the
// client goes, or when the request is refused half-way.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // More of the body. The request may be answered at any time: the rest is then not read.
  virtual void on_piece(std::string_view piece) = 0;
  // That was all of it: now, or later, the answer is due.
  virtual void on_end() = 0;
};
// Looks at a request's head. Null: its body is collected, and the handler gets it, as of any route.
using OpenBody =
    std::function<std::unique_ptr<BodySink>(const Request& head, const Responder& responder)>;

struct Route {
  Method method;
  // Literal segments and {parameters}, each of one whole segment: "/v1/runs/{id}". Compared with
  // the path as it was sent: there is one way to write each path, so nothing can be slipped past a
  // rule.
  std::string pattern;
  Policy policy;
  size_t body_bytes_max = kDefaultBodyLimit;
  Handler handler;
  OpenBody open_body = nullptr;  // the sink bounds the body, and no limit above
};

// Nothing if the request may pass, or what to answer it. Sees the request without its body, its
// path parameters filled in.
using Authorizer = std::function<std::optional<Response>(Access access, const Request& request)>;

// A compressed body as text, for the value of Content-Encoding, and no more than so many bytes of
// it. Any thread.
using BodyDecoder =
    std::function<Result<std::string>(std::string_view codings, std::string body, size_t most)>;

// Loop thread only, once requests come.
class Router {
 public:
  struct Decision {
    const Route* route = nullptr;      // set: read the body, then call its handler
    std::optional<Response> response;  // set instead: answer this
    // Header lines, each with its end, that the answer must carry for the browser that asked.
    std::string cors_lines;
  };

  Router(OriginRules rules, Authorizer authorizer);

  // Patterns must be distinct; of two that match a path, one with a literal where the other has a
  // parameter wins.
  void add(Route route);

  // What to do with a request, given its head alone. Fills in request.params. HEAD is answered by
  // the route for GET; OPTIONS and preflights by the router itself.
  Decision decide(Request& request) const;

  // Without one, compressed bodies are refused. Before requests come.
  void set_decoder(BodyDecoder decoder) { decoder_ = std::move(decoder); }
  const BodyDecoder& decoder() const { return decoder_; }

  // All routes, for tests and `doctor`.
  std::vector<const Route*> routes() const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
    std::string order;  // sorts literals before parameters
  };

  const Entry* match(Method method, const std::vector<std::string_view>& segments) const;
  std::string allowed_methods(const std::vector<std::string_view>& segments) const;
  Decision decide_route(Request& request) const;

  OriginRules rules_;
  Authorizer authorizer_;
  BodyDecoder decoder_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace stepwell::server
