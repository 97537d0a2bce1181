// Schemas of topics, and channels with a durable history, over HTTP.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "api/server/host.h"
#include "storage/sqlite/sqlite_journal.h"
#include "tests/api_realtime/helpers.h"
#include "tests/server/service_fixture.h"

namespace stepwell::realtime {
namespace {

using namespace server;

constexpr char kLikes[] =
    R"({"type":"object","properties":{"likes":{"type":"integer"}},"required":["likes"]})";
constexpr char kTopic[] = "/api/realtime/topics?channel=post:*&topic=updated";

Reply request(uint16_t port, const std::string& method, const std::string& path,
              const std::string& body = {}, const std::string& fields = {}) {
  HttpClient client(port);
  client.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  return client.read_reply().value();
}

int publish_status(uint16_t port, const std::string& body) {
  return post_to(port, "/v1/realtime/publish?channel=post:1&topic=updated", body).status;
}

TEST_CASE("a registered schema is checked for every publisher, until it is forgotten") {
  ServiceFixture fixture;
  const uint16_t port = fixture.port();
  CHECK(publish_status(port, "1") == 200);
  CHECK(request(port, "PUT", kTopic, kLikes).body == R"({"modified":true})");
  CHECK(request(port, "PUT", kTopic, kLikes).body == R"({"modified":false})");
  const Reply refused = post_to(port, "/v1/realtime/publish?channel=post:1&topic=updated", "1");
  CHECK(refused.status == 400);
  CHECK(refused.body.find("data: must be an object") != std::string::npos);
  CHECK(publish_status(port, R"({"likes":3})") == 200);
  CHECK(request(port, "GET", "/api/realtime/topics").body ==
        std::string(R"({"data":[{"channel":"post:*","topic":"updated","schema":)") + kLikes +
            "}]}");
  CHECK(request(port, "DELETE", kTopic).status == 200);
  CHECK(publish_status(port, "1") == 200);
  CHECK(request(port, "GET", "/api/realtime/topics").body == R"({"data":[]})");
}

TEST_CASE("a chunk stream to a topic whose schema it does not fit is refused") {
  ServiceFixture fixture;
  request(fixture.port(), "PUT", kTopic, kLikes);
  const Reply reply =
      request(fixture.port(), "POST", "/v1/realtime/publish?channel=post:1&topic=updated",
              "some text", "Content-Type: text/stream\r\n");
  CHECK(reply.status == 400);
}

TEST_CASE("bad schemas and names are refused") {
  ServiceFixture fixture;
  const uint16_t port = fixture.port();
  for (const char* body : {"", "{", "7", R"({"type":"likes"})", R"({"unevaluatedItems":false})"}) {
    CAPTURE(body);
    CHECK(request(port, "PUT", kTopic, body).status == 400);
  }
  CHECK(request(port, "PUT", kTopic, std::string(100'000, ' ')).status == 413);
  CHECK(request(port, "PUT", "/api/realtime/topics?channel=c", kLikes).status == 400);
  CHECK(request(port, "DELETE", "/api/realtime/topics?topic=t").status == 400);
}

TEST_CASE("serve mode: schemas are for those with the signing key") {
  ServiceOptions options;
  options.mode = Mode::kServe;
  options.event_keys = {"k"};
  options.signing_keys = {"abcd"};
  ServiceFixture fixture({}, options);
  for (const char* method : {"GET", "PUT", "DELETE"}) {
    CHECK(request(fixture.port(), method, kTopic, kLikes).status == 401);
    CHECK(
        request(fixture.port(), method, kTopic, kLikes, "Authorization: Bearer abcd\r\n").status ==
        200);
  }
}

// A server on a file, which can be started again.
struct FileServer {
  FileServer() {
    std::string pattern = std::filesystem::temp_directory_path() / "stepwell-topics-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
    start();
  }
  ~FileServer() {
    if (host) host->stop();
    host.reset();
    std::filesystem::remove_all(folder);
  }
  void start() {
    HostOptions options;
    options.service.port = 0;
    options.runtime.settings.durable_channels = {"kept"};
    options.journal = storage::open_sqlite_journal({.path = folder + "/journal.db"}).value();
    host = Host::start(std::move(options)).value();
    REQUIRE(host->wait_until_serving().ok());
  }
  void restart() {
    host->stop();
    host.reset();
    start();
  }
  void publish(const std::string& channel, const std::string& data) {
    realtime::publish(host->port(), "channel=" + channel + "&topic=updated", data);
  }

  std::string folder;
  std::unique_ptr<Host> host;
};

// An event stream, read up to a number of events.
std::string events(uint16_t port, const std::string& query, const std::string& fields, int count) {
  HttpClient client(port);
  client.get("/v1/realtime/sse?" + query, fields);
  client.read_head();
  std::string text;
  std::string seen;
  while (count > 0) {
    size_t end = 0;
    while ((end = text.find("\n\n")) == std::string::npos) text += client.read_chunk();
    const std::string block = text.substr(0, end);
    text.erase(0, end + 2);
    const size_t data = block.find("data: ");
    if (data == std::string::npos) continue;
    const Result<JsonView> json = parse_json(std::string_view(block).substr(data + 6));
    REQUIRE(json.ok());
    const bool is_gap = json->find("kind")->as_string() == "gap";
    seen += (is_gap ? "gap" : std::string(json->find("data")->text())) + " ";
    if (const auto id = json->find("id")) seen += "(" + *id->as_string() + ") ";
    --count;
  }
  return seen;
}

std::string id_in(const std::string& text) {
  const size_t begin = text.find('(') + 1;
  return text.substr(begin, text.find(')') - begin);
}

std::string without_ids(std::string text) {
  for (size_t begin = 0; (begin = text.find('(')) != std::string::npos;) {
    text.erase(begin, text.find(')') + 2 - begin);
  }
  return text;
}

TEST_CASE("a durable channel goes on after a restart where its subscriber was") {
  FileServer server;
  server.publish("kept", "1");
  const std::string first = events(server.host->port(), "channel=kept&topic=updated", "", 1);
  const std::string last_id = "Last-Event-ID: " + id_in(first) + "\r\n";
  server.publish("kept", "2");
  server.restart();
  server.publish("kept", "3");
  CHECK(without_ids(events(server.host->port(), "channel=kept&topic=updated", last_id, 2)) ==
        "2 3 ");
}

TEST_CASE("any other channel announces a gap after a restart") {
  FileServer server;
  server.publish("other", "1");
  const std::string first = events(server.host->port(), "channel=other&topic=updated", "", 1);
  server.restart();
  server.publish("other", "2");
  CHECK(without_ids(events(server.host->port(), "channel=other&topic=updated",
                           "Last-Event-ID: " + id_in(first) + "\r\n", 2)) == "gap 2 ");
}

TEST_CASE("schemas outlive the server") {
  FileServer server;
  REQUIRE(request(server.host->port(), "PUT", kTopic, kLikes).status == 200);
  server.restart();
  CHECK(publish_status(server.host->port(), "1") == 400);
}

}  // namespace
}  // namespace stepwell::realtime
