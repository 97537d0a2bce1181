// What `realtime tail` makes of a server that goes away, and of an output that cannot be written;
// and what any command makes of an answer that is nested deeply.
#include <doctest/doctest.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>

#include "api/cli/commands.h"
#include "tests/api_sdk/scripted_server.h"
#include "tests/cli/paper.h"

namespace stepwell::cli {
namespace {

using sdk::Peer;
using sdk::ScriptedServer;

constexpr std::string_view kComment = ":\n\n";

Options tail_options() {
  Options options;
  options.command = Command::kRealtimeTail;
  options.channel = "c";
  return options;
}

std::unique_ptr<Client> client_of(const ScriptedServer& server) {
  return make_http_client({.url = server.url("")}).value();
}

void begin_stream(Peer& peer, std::string_view bytes) {
  peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 100000\r\n\r\n");
  peer.send(bytes);
}

std::string nested(size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

std::string message_event(const std::string& data) {
  return R"(data: {"kind":"data","topic":"t","data":)" + data + "}\n\n";
}

TEST_CASE("a tail of a quiet channel comes back when the server went without a word") {
  ScriptedServer server([](Peer& peer, int number) {
    peer.read_request();
    if (number > 0) return peer.respond(401, R"({"error":"no"})");
    begin_stream(peer, kComment);
  });
  Paper output(std::tmpfile());
  CHECK(run_listen(tail_options(), *client_of(server), output.terminal) == ExitCode::kUnauthorized);
  CHECK(server.connections() == 2);
}

TEST_CASE("a tail of a server that was never there ends") {
  ScriptedServer server([](Peer& peer, int) { peer.read_request(); });
  Paper output(std::tmpfile());
  CHECK(run_listen(tail_options(), *client_of(server), output.terminal) == ExitCode::kUnreachable);
  CHECK(server.connections() == 1);
}

TEST_CASE("a tail ends when its output cannot be written") {
  ScriptedServer server([](Peer& peer, int number) {
    peer.read_request();
    if (number > 0) return peer.respond(401, R"({"error":"no"})");
    begin_stream(peer, message_event("1"));
  });
  Paper output(std::fopen("/dev/full", "w"));
  // The program makes another code of it.
  CHECK(run_listen(tail_options(), *client_of(server), output.terminal) == ExitCode::kOk);
  CHECK(output.terminal.write_error == ENOSPC);
}

TEST_CASE("since: times and days before ids, which a day looks like") {
  for (const auto& [since, asked] :
       {std::pair("2026-12-30", "&since=2026-12-30T00%3A00%3A00Z "),
        std::pair("17-4-9", "&since=17-4-9 "), std::pair("17-4", "&since=17-4 ")}) {
    CAPTURE(since);
    std::string request;
    ScriptedServer server([&](Peer& peer, int) {
      request = peer.read_request();
      peer.respond(401, R"({"error":"no"})");
    });
    Options options = tail_options();
    options.since = since;
    Paper output(std::tmpfile());
    CHECK(run_listen(options, *client_of(server), output.terminal) == ExitCode::kUnauthorized);
    CHECK(request.find(asked) != std::string::npos);
  }
}

TEST_CASE("what is nested as deeply as the server takes it is shown") {
  const std::string deep = nested(128);
  ScriptedServer server([&](Peer& peer, int number) {
    peer.read_request();
    if (number > 0) return peer.respond(401, R"({"error":"no"})");
    begin_stream(peer, message_event(deep));
  });
  Paper tail(std::tmpfile());
  run_listen(tail_options(), *client_of(server), tail.terminal);
  CHECK(tail.text().find(deep) != std::string::npos);

  ScriptedServer list([&](Peer& peer, int) {
    peer.read_request();
    peer.respond(200, R"({"data":[{"name":"a","data":)" + deep + "}]}");
  });
  Paper asked(std::tmpfile());
  CHECK(ask(*client_of(list), asked.terminal, "GET", "/api/events").code == ExitCode::kOk);
}

}  // namespace
}  // namespace stepwell::cli
