// How long the command line waits for an answer, and what it says when none comes.
#include <doctest/doctest.h>

#include <future>

#include "api/cli/client.h"
#include "tests/api_sdk/scripted_server.h"

namespace stepwell::cli {
namespace {

using sdk::Peer;
using sdk::ScriptedServer;

std::unique_ptr<Client> impatient_client(const ScriptedServer& server) {
  return make_http_client({.url = server.url(""), .answer_timeout = std::chrono::milliseconds(50)})
      .value();
}

TEST_CASE("a server that took a request and does not answer is not said to be away") {
  ScriptedServer server([](Peer& peer, int) {
    peer.read_request();
    peer.wait_for_close();
  });
  const Result<Reply> reply =
      impatient_client(server)->request("GET", "/api/runs", "", Patience::kUsual);
  REQUIRE(!reply.ok());
  CHECK(reply.error().code == ErrorCode::kUnavailable);
  CHECK(reply.error().message.find("did not answer in time") != std::string::npos);
  CHECK(reply.error().message.find("may still be done") != std::string::npos);
}

TEST_CASE("no message shows the credentials of a URL") {
  const std::string url = "http://me:secret@127.0.0.1:1/?key=secret";
  const auto client = make_http_client({.url = url}).value();
  CHECK(client->where() == "http://…@127.0.0.1:1/?…");
  const Result<Reply> reply = client->request("GET", "/", "", Patience::kUsual);
  REQUIRE(!reply.ok());
  CHECK(reply.error().message.find("secret") == std::string::npos);
  const auto none = make_http_client({.url = "ftp://me:secret@host"});
  REQUIRE(!none.ok());
  CHECK(none.error().message.find("secret") == std::string::npos);
}

TEST_CASE("what may take long is waited for, however long it takes") {
  std::promise<void> has_begun;
  std::promise<void> others_gave_up;
  ScriptedServer server([&](Peer& peer, int number) {
    peer.read_request();
    if (number > 0) return peer.wait_for_close();
    has_begun.set_value();
    others_gave_up.get_future().wait();
    peer.respond(201, "{}");
  });
  std::future<int> status = std::async(std::launch::async, [&] {
    const Result<Reply> reply =
        impatient_client(server)->request("POST", "/api/reruns", "", Patience::kEndless);
    return reply ? reply->status : 0;
  });
  has_begun.get_future().wait();
  // Sent later, and out of time already.
  CHECK(!impatient_client(server)->request("POST", "/api/reruns", "", Patience::kUsual));
  others_gave_up.set_value();
  CHECK(status.get() == 201);
}

}  // namespace
}  // namespace stepwell::cli
