// Apps register with a whole server: by themselves, when they are asked, and in band.
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <zlib.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

#include "api/sdk/sdk.h"
#include "api/sdk/signature.h"
#include "api/server/host.h"
#include "engine/runtime/clock.h"
#include "storage/memory/memory_journal.h"
#include "tests/api_sdk/scripted_server.h"
#include "tests/server/http_client.h"

namespace stepwell::sdk {
namespace {

using server::fetch;
using server::post_to;

constexpr std::string_view kKey = "signkey-test-8ee2262a15e8d3c42d6a840db7af3de2";
constexpr std::string_view kBearer =
    "Authorization: Bearer signkey-test-8ee2262a15e8d3c42d6a840db7af3de2\r\n";

// A server in one of the modes, with the SDK protocol, and what it says to people.
class Fixture {
 public:
  explicit Fixture(server::Mode mode, SdkOptions sdk = {}) {
    sdk.mode = mode;
    sdk.apps = {.allow_loopback = true};
    sdk.poll_interval = Milliseconds(20);
    sdk.on_news = [this](const std::string& news) {
      const std::lock_guard lock(mutex_);
      news_.push_back(news);
      changed_.notify_all();
    };
    server::HostOptions options;
    options.service = {.mode = mode, .port = 0};
    if (mode == server::Mode::kServe) {
      options.service.event_keys = {"event"};
      options.service.signing_keys = {std::string(kKey)};
      sdk.signing_keys = {server::SigningKey::parse(kKey).value()};
    }
    options.journal = std::make_unique<storage::MemoryJournal>();
    options.prepare = [sdk](runtime::Runtime& runtime, server::Service& service) {
      return std::make_shared<Sdk>(runtime, service, sdk);
    };
    options.grace = Milliseconds(0);
    host_ = server::Host::start(std::move(options)).value();
    REQUIRE(host_->wait_until_serving().ok());
  }

  uint16_t port() const { return host_->port(); }

  server::Reply register_app(std::string_view body, std::string_view lines = "") {
    return post_to(port(), "/fn/register", body, lines);
  }

  // The first line that has the words, waited for.
  std::string news(std::string_view words) {
    std::unique_lock lock(mutex_);
    std::string found;
    const auto has_come = [&] {
      for (const std::string& line : news_) {
        if (line.find(words) != std::string::npos) found = line;
      }
      return !found.empty();
    };
    CHECK_MESSAGE(changed_.wait_for(lock, std::chrono::seconds(20), has_come), words);
    return found;
  }

  // The slugs of the functions that are not archived, with their URLs.
  std::string functions(std::string_view lines = "") {
    const server::Reply reply = fetch(port(), "/api/functions", lines);
    const Result<JsonView> json = parse_json(reply.body);
    REQUIRE_MESSAGE(reply.status == 200, reply.body);
    std::string out;
    for (JsonElements it = json->find("data")->elements(); it.next();) {
      const JsonView config = *it.value().find("config");
      out += fmt::format("{}@{} ", config.find("id")->as_string().value(),
                         config.find("url")->as_string().value());
    }
    return out;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> news_;
  std::unique_ptr<server::Host> host_;
};

std::string function(std::string_view id, std::string_view url, std::string_view more = "") {
  return fmt::format(
      R"({{"id":"{0}","name":"{0}","triggers":[{{"event":"{0}"}}],"steps":{{"step":{{"id":"step",)"
      R"("name":"step","runtime":{{"type":"http","url":"{1}"}}}}}}{2}}})",
      id, url, more);
}

std::string app(std::string_view name, std::string_view url, std::string_view functions) {
  return fmt::format(
      R"({{"url":"{}","deployType":"ping","appName":"{}","sdk":"js:v4.24.0","v":"0.1","functions":[{}]}})",
      url, name, functions);
}

std::string member(const server::Reply& reply, std::string_view name) {
  const Result<JsonView> json = parse_json(reply.body);
  REQUIRE_MESSAGE(json.ok(), reply.body);
  const auto value = json->find(name);
  return value ? std::string(value->text()) : "";
}

TEST_CASE("an app learns all its faults at once, also whose ids it has taken") {
  Fixture f(server::Mode::kDev);
  CHECK(f.register_app(app("other", "http://o/", function("q", "http://o/"))).status == 200);
  const std::string mine =
      function("q", "http://h/") + "," + function("a", "http://h/", R"(,"concurrency":-1)");
  const server::Reply refused = f.register_app(app("shop", "http://h/", mine));
  CHECK(refused.status == 400);
  CHECK(member(refused, "code") == "\"config_invalid\"");
  for (const char* fault :
       {"function \\\"a\\\": concurrency[0]: the limit must be at least 0",
        "function \\\"q\\\": app \\\"other\\\" has one of this id already, behind HTTP"}) {
    CAPTURE(fault);
    CHECK_MESSAGE(member(refused, "error").find(fault) != std::string::npos, refused.body);
    CHECK_MESSAGE(member(refused, "data").find(fault) != std::string::npos, refused.body);
  }
  // The same without the first, in the engine's own words.
  const server::Reply owner = f.register_app(app("shop", "http://h/", function("q", "http://h/")));
  CHECK(owner.status == 400);
  CHECK(member(owner, "error").find("has one of this id already") != std::string::npos);
  CHECK(f.functions() == "q@http://o/ ");
}

TEST_CASE("an app registers, again without a change, moves, loses a function and is removed") {
  Fixture f(server::Mode::kDev);
  const std::string both = function("a", "http://h:3000/x?fnId=a&stepId=step") + "," +
                           function("b", "http://h:3000/x?fnId=b&stepId=step");
  const std::string body = app("shop", "http://h:3000/x", both);
  const server::Reply first = f.register_app(body);
  CHECK(first.status == 200);
  CHECK(member(first, "ok") == "true");
  CHECK(member(first, "modified") == "true");
  CHECK(member(first, "status") == "200");
  CHECK(member(first, "app_id").size() == 38);
  CHECK(f.news("app \"shop\"").ends_with("2 functions at http://h:3000/x"));
  CHECK(member(f.register_app(body), "modified") == "false");
  CHECK(member(f.register_app(body + " "), "modified") == "false");
  const std::string moved = app("shop", "http://h:4000/x", function("a", "http://h:4000/x?fnId=a"));
  CHECK(member(f.register_app(moved), "modified") == "true");
  CHECK(f.functions() == "a@http://h:4000/x?fnId=a ");
  CHECK(server::fetch(f.port(), "/dev").body.find("http://h:4000/x") != std::string::npos);
  const auto remove = [&](std::string_view url) {
    server::HttpClient client(f.port());
    client.send(fmt::format("DELETE /fn/remove?url={} HTTP/1.1\r\nHost: localhost\r\n\r\n", url));
    return client.read_reply()->status;
  };
  CHECK(remove("http://h:3000/x") == 404);
  CHECK(remove("") == 400);
  CHECK(remove("http://h:4000/x?deployId=1") == 200);
  CHECK(f.functions().empty());
  CHECK(member(f.register_app(moved), "modified") == "true");
}

TEST_CASE("an app that is wrong is refused as a whole, with everything that is wrong") {
  Fixture f(server::Mode::kDev);
  f.register_app(app("shop", "http://h/x", function("a", "http://h/x?fnId=a")));
  const std::string wrong =
      function("b", "http://h/x", R"(,"cancel":[{"event":"x","if":"event."}])") + "," +
      function("c", "ftp://h/x");
  const server::Reply refused = f.register_app(app("shop", "http://h/x", wrong));
  CHECK(refused.status == 400);
  CHECK(member(refused, "status") == "400");
  CHECK(member(refused, "code") == "\"config_invalid\"");
  const std::string error = member(refused, "error");
  CHECK_MESSAGE(error.find("function \\\"b\\\": cancel") != std::string::npos, error);
  CHECK_MESSAGE(error.find("function \\\"c\\\": url: ") != std::string::npos, error);
  CHECK(f.functions() == "a@http://h/x?fnId=a ");
  const server::Reply taken =
      f.register_app(app("other", "http://i/x", function("a", "http://i/x?fnId=a")));
  CHECK(taken.status == 400);
  CHECK(member(taken, "error").find("app \\\"shop\\\" has one of this id") != std::string::npos);
  for (const std::string_view bad : {"", "{", "[]", "5", "{}"}) {
    const server::Reply reply = f.register_app(bad);
    CHECK(reply.status == 400);
    CHECK(member(reply, "status") == "400");
  }
}

TEST_CASE("an app in another mode is told so") {
  Fixture f(server::Mode::kDev);
  const std::string body = app("shop", "http://h/x", function("a", "http://h/x"));
  const server::Reply refused = f.register_app(body, "X-Inngest-Expected-Server-Kind: cloud\r\n");
  CHECK(refused.status == 400);
  CHECK(member(refused, "error").find("Expected server kind dev, got cloud") != std::string::npos);
  CHECK(f.register_app(body, "X-Inngest-Expected-Server-Kind: dev\r\n").status == 200);
}

TEST_CASE("a server with keys asks for one, and has no /dev") {
  Fixture f(server::Mode::kServe);
  const std::string body = app("shop", "http://h/x", function("a", "http://h/x"));
  CHECK(f.register_app(body).status == 401);
  CHECK(f.register_app(body, "Authorization: Bearer undefined\r\n").status == 401);
  CHECK(f.register_app(body, kBearer).status == 200);
  CHECK(fetch(f.port(), "/dev", kBearer).status == 404);
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST_CASE("a body may be compressed, and counts as large as it is then") {
  Fixture f(server::Mode::kDev);
  const std::string body = app("shop", "http://h/x", function("a", "http://h/x"));
  constexpr std::string_view kGzip = "Content-Encoding: gzip\r\n";
  CHECK(member(f.register_app(gzip(body), kGzip), "modified") == "true");
  CHECK(f.functions() == "a@http://h/x ");
  CHECK(f.register_app(body, kGzip).status == 400);
  CHECK(f.register_app(gzip(body).substr(0, 50), kGzip).status == 400);
  CHECK(f.register_app(gzip(std::string(64u << 20, ' ')), kGzip).status == 413);
  CHECK(f.register_app(body, "Content-Encoding: br\r\n").status == 415);
  CHECK(f.register_app(gzip(body), "Content-Encoding: gzip, gzip\r\n").status == 415);
  CHECK(post_to(f.port(), "/e/k", gzip(R"({"name":"n"})"), kGzip).status == 200);
}

TEST_CASE("an app that is asked registers, and is asked again until it answers") {
  std::atomic<uint16_t> port = 0;
  ScriptedServer endpoint([&](Peer& peer, int connection) {
    const std::string request = peer.read_request();
    if (request.empty()) return;
    if (connection == 0) return peer.respond(500, R"({"message":"not yet"})");
    if (port == 0 || !request.starts_with("PUT /api/inngest")) return peer.respond(503, "{}");
    if (request.find("X-Inngest-Server-Kind: dev") == std::string::npos) return;
    const std::string body = app("shop", "http://h/x", function("a", "http://h/x"));
    const server::Reply reply = post_to(port, "/fn/register", body);
    peer.respond(reply.status, R"({"message":"ok"})", "x-inngest-sdk: inngest-js:v4.24.0\r\n");
  });
  SdkOptions options;
  options.urls = {endpoint.url("/api/inngest")};
  Fixture f(server::Mode::kDev, options);
  port = f.port();
  CHECK(f.news("cannot sync").find("it answers 500: not yet") != std::string::npos);
  f.news("app \"shop\" (js:v4.24.0): 1 function at http://h/x");
  f.news("answers again");
  CHECK(f.functions() == "a@http://h/x ");
}

TEST_CASE("the key in the URL of an app is in no news") {
  ScriptedServer endpoint([&](Peer& peer, int connection) {
    while (!peer.read_request().empty()) {
      if (connection == 0) return peer.respond(500, "{}");
      peer.respond(200, "{}", "x-inngest-sdk: inngest-js:v4.24.0\r\n");
    }
  });
  SdkOptions options;
  options.urls = {endpoint.url("/api/inngest?bypass=SECRET")};
  Fixture f(server::Mode::kDev, options);
  CHECK(f.news("cannot sync").find("SECRET") == std::string::npos);
  CHECK(f.news("answers again").find("SECRET") == std::string::npos);
  const std::string url = "http://h/x?bypass=SECRET";
  CHECK(f.register_app(app("shop", url, function("a", url))).status == 200);
  CHECK(f.news("app \"shop\"").ends_with("1 function at http://h/x?…"));
}

TEST_CASE("what answers and is no SDK is said to be none") {
  ScriptedServer endpoint([](Peer& peer, int) {
    while (!peer.read_request().empty()) peer.respond(200, "hello");
  });
  SdkOptions options;
  options.urls = {endpoint.url("/")};
  Fixture f(server::Mode::kDev, options);
  CHECK(f.news("cannot sync").find("no endpoint of an SDK") != std::string::npos);
}

// An app that answers a signed PUT with what it has, as Go's do, signed with `key`.
void answer_in_band(Peer& peer, std::string_view key, Duration age) {
  while (true) {
    const std::string request = peer.read_request();
    if (request.empty()) return;
    const size_t at = request.find("X-Inngest-Signature: ");
    REQUIRE(at != std::string::npos);
    const std::string field = request.substr(at + 21, request.find('\r', at) - at - 21);
    const std::string sent = request.substr(request.find("\r\n\r\n") + 4);
    const std::vector<server::SigningKey> keys = {server::SigningKey::parse(kKey).value()};
    CHECK(verify_signature(keys, field, sent, runtime::wall_clock()).ok());
    const std::string body =
        fmt::format(R"({{"app_id":"shop","url":"http://h/x","sdk":"go:v0.16.0","functions":[{}]}})",
                    function("a", "http://h/x?fnId=a&step=step"));
    const std::string signature =
        sign_body(server::SigningKey::parse(key).value(), body, runtime::wall_clock() - age);
    peer.respond(200, body + "\n",
                 fmt::format("x-inngest-sync-kind: in_band\r\nx-inngest-sdk: inngest-go:v0.16.0\r\n"
                             "X-Inngest-Signature: {}\r\n",
                             signature));
  }
}

TEST_CASE("an answer in band registers the app, if it is signed with our key and not old") {
  struct Case {
    std::string_view key;
    Duration age;
    std::string_view news;
  };
  for (const Case& c : {Case{kKey, Duration(0), "app \"shop\" (go:v0.16.0): 1 function"},
                        Case{"00ff", Duration(0), "was not made with our signing key"},
                        Case{kKey, std::chrono::minutes(10), "more than five minutes away"}}) {
    CAPTURE(c.news);
    ScriptedServer endpoint([&](Peer& peer, int) { answer_in_band(peer, c.key, c.age); });
    SdkOptions options;
    options.urls = {endpoint.url("/api/inngest")};
    Fixture f(server::Mode::kServe, options);
    f.news(c.news);
    const bool is_good = c.news.starts_with("app");
    CHECK(f.functions(kBearer) == (is_good ? "a@http://h/x?fnId=a&step=step " : ""));
  }
}

TEST_CASE("an app on a usual port is found, asked, and registers") {
  std::atomic<uint16_t> port = 0;
  std::promise<int> status;
  ScriptedServer endpoint([&](Peer& peer, int) {
    while (true) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      if (request.starts_with("GET /x/inngest")) {
        peer.respond(200, "{}", "x-inngest-sdk: inngest-js:v4.24.0\r\n");
      } else if (request.starts_with("PUT /x/inngest")) {
        // Once: it is asked again and again, also while the server stops.
        const uint16_t to = port.exchange(0);
        if (to == 0) return;
        const std::string body = app("found", "http://h/x", function("a", "http://h/x"));
        status.set_value(post_to(to, "/fn/register", body).status);
        peer.respond(200, "{}", "x-inngest-sdk: inngest-js:v4.24.0\r\n");
      } else {
        peer.respond(404, "");
      }
    }
  });
  SdkOptions options;
  options.discovery_ports = {endpoint.port()};
  Fixture f(server::Mode::kDev, options);
  port = f.port();
  f.news("app \"found\"");
  CHECK(status.get_future().get() == 200);
}

// Apps that are asked, and how often, by path. They say that they are SDKs, and register nothing.
class Askable {
 public:
  Askable()
      : server_([this](Peer& peer, int) {
          while (true) {
            const std::string request = peer.read_request();
            if (request.empty()) return;
            {
              const std::lock_guard lock(mutex_);
              ++asked_[request.substr(0, request.find(" HTTP"))];
              changed_.notify_all();
            }
            peer.respond(200, "{}", "x-inngest-sdk: inngest-js:v4.24.0\r\n");
          }
        }) {}

  std::string url(std::string_view path) const { return server_.url(path); }
  int asked(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return asked_["PUT " + path];
  }
  void wait_until_asked(const std::string& path, int more) {
    std::unique_lock lock(mutex_);
    const int wanted = asked_["PUT " + path] + more;
    CHECK_MESSAGE(changed_.wait_for(lock, std::chrono::seconds(20),
                                    [&] { return asked_["PUT " + path] >= wanted; }),
                  path);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> asked_;
  ScriptedServer server_;
};

TEST_CASE("an app that was removed or has moved is not asked any more where it was") {
  Askable apps;
  SdkOptions options;
  options.polls = true;
  Fixture f(server::Mode::kDev, options);
  const auto register_at = [&](std::string_view name, std::string_view path) {
    const std::string url = apps.url(path);
    return f.register_app(app(name, url, function(name, url))).status;
  };
  CHECK(register_at("gone", "/gone") == 200);
  CHECK(register_at("moved", "/before") == 200);
  CHECK(register_at("there", "/there") == 200);
  for (const char* path : {"/gone", "/before", "/there"}) apps.wait_until_asked(path, 1);
  CHECK(register_at("moved", "/after") == 200);
  server::HttpClient client(f.port());
  client.send(fmt::format("DELETE /fn/remove?url={} HTTP/1.1\r\nHost: localhost\r\n\r\n",
                          apps.url("/gone")));
  CHECK(client.read_reply()->status == 200);
  const int gone = apps.asked("/gone");
  const int before = apps.asked("/before");
  for (const char* path : {"/there", "/after"}) apps.wait_until_asked(path, 6);
  // One each may have been on its way.
  CHECK(apps.asked("/gone") <= gone + 1);
  CHECK(apps.asked("/before") <= before + 1);
}

TEST_CASE("apps are told apart by their URLs, however those are written") {
  CHECK(app_url("http://127.0.0.1:3000/api?deployId=5") == "http://localhost:3000/api");
  CHECK(app_url("http://0.0.0.0:3000/api") == "http://localhost:3000/api");
  CHECK(app_url("HTTP://LocalHost:3000/api") == "http://localhost:3000/api");
  CHECK(app_url("https://shop.test:443/api?x=1&fnId=a&stepId=step") == "https://shop.test/api?x=1");
  CHECK(app_url("what") == "what");
}

}  // namespace
}  // namespace stepwell::sdk
