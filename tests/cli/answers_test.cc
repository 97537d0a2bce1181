// What commands make of answers that no Stepwell server gives.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "api/cli/commands.h"
#include "tests/api_sdk/scripted_server.h"
#include "tests/cli/paper.h"

namespace stepwell::cli {
namespace {

using sdk::Peer;
using sdk::ScriptedServer;

constexpr std::string_view kRun = "01HZZZZZZZZZZZZZZZZZZZZZZZ";

struct Ended {
  ExitCode code = ExitCode::kOk;
  std::string text;
};

// A command against a server that gives the same answer to everything.
Ended run_against(const Options& options, int status, std::string_view body,
                  std::string_view header_lines = "") {
  ScriptedServer server([&](Peer& peer, int) {
    while (!peer.read_request().empty()) peer.respond(status, body, header_lines);
  });
  Paper paper(std::tmpfile());
  const auto client = make_http_client({.url = server.url("")}).value();
  const ExitCode code = run_command(options, *client, paper.terminal);
  return {code, paper.text()};
}

Options command_of(Command command) {
  Options options;
  options.command = command;
  options.ids = {std::string(kRun)};
  options.name = "a";
  options.channel = "c";
  options.topics = {"t"};
  options.data = "{}";
  return options;
}

TEST_CASE("a redirect is no success, and says where it leads") {
  for (const Command command : {Command::kRunsCancel, Command::kRunsRerun, Command::kRunsList,
                                Command::kRunsTail, Command::kEventsSend, Command::kRealtimePublish,
                                Command::kFunctionsPause, Command::kDoctor}) {
    CAPTURE(static_cast<int>(command));
    for (const std::string_view body : {"", "{}", R"({"error":"moved"})"}) {
      Options options = command_of(command);
      if (command == Command::kRunsList) options.ids.clear();
      const Ended ended = run_against(options, 308, body,
                                      "Location: https://me:secret@stepwell.example/x?key=k\r\n");
      CHECK(ended.code == ExitCode::kUnreachable);
      CHECK(ended.text.find("answers 308, but not as a Stepwell server does") != std::string::npos);
      CHECK(ended.text.find("stepwell.example/x") != std::string::npos);
      CHECK(ended.text.find("secret") == std::string::npos);
      CHECK(ended.text.find("key=k") == std::string::npos);
      CHECK(ended.text.find("Cancelled") == std::string::npos);
    }
  }
}

TEST_CASE("an answer without a body is one to what has nothing to say, and to nothing else") {
  CHECK(run_against(command_of(Command::kRunsCancel), 200, "").code == ExitCode::kOk);
  CHECK(run_against(command_of(Command::kRealtimePublish), 200, "").code == ExitCode::kOk);
  CHECK(run_against(command_of(Command::kFunctionsPause), 200, "").code == ExitCode::kUnreachable);
  CHECK(run_against(command_of(Command::kRunsShow), 200, "").code == ExitCode::kUnreachable);
  CHECK(run_against(command_of(Command::kEventsSend), 200, "").code == ExitCode::kUnreachable);
}

TEST_CASE("all runs of an event are waited for, also those that its page does not show") {
  std::vector<std::string> followed;
  ScriptedServer server([&](Peer& peer, int) {
    for (std::string asked = peer.read_request(); !asked.empty(); asked = peer.read_request()) {
      const auto has = [&](std::string_view part) { return asked.find(part) != std::string::npos; };
      if (has("POST /e/")) {
        peer.respond(200, R"({"ids":["E"],"status":200})");
      } else if (has("/api/events/E ")) {
        peer.respond(200, R"({"data":{"event":{"internal_id":"E"},"runs":[{"id":"R3"}],
          "runs_more":true,"resumed":[],"cancelled":[],"copies":[]}})");
      } else if (has("/api/runs?event=E&limit=200&cursor=2 ")) {
        peer.respond(200, R"({"data":[{"id":"R1"}],"cursor":null})");
      } else if (has("/api/runs?event=E&limit=200 ")) {
        peer.respond(200, R"({"data":[{"id":"R3"},{"id":"R2"}],"cursor":"2"})");
      } else {
        followed.push_back(asked.substr(14, 2));  // behind "GET /api/runs/"
        const std::string status = followed.back() == "R1" ? "Failed" : "Completed";
        peer.respond(200, R"({"data":{"run":{"id":")" + followed.back() + R"(","status":")" +
                              status + R"(","ended_at":"2026-11-23T12:00:00Z"},"steps":[]}})");
      }
    }
  });
  Options options = command_of(Command::kEventsSend);
  options.ids.clear();
  options.wait = true;
  Paper paper(std::tmpfile());
  const auto client = make_http_client({.url = server.url("")}).value();
  CHECK(run_command(options, *client, paper.terminal) == ExitCode::kRunFailed);
  CHECK(followed == std::vector<std::string>{"R3", "R2", "R1"});
}

TEST_CASE("a stream that leads elsewhere is not taken for a server that went away") {
  const std::string trace = R"({"data":{"run":{"id":"R","status":"Running"},"steps":[]}})";
  ScriptedServer server([&](Peer& peer, int) {
    for (std::string asked = peer.read_request(); !asked.empty(); asked = peer.read_request()) {
      const bool is_stream = asked.find("/stream ") != std::string::npos;
      peer.respond(is_stream ? 307 : 200, is_stream ? "" : trace);
    }
  });
  Paper paper(std::tmpfile());
  const auto client = make_http_client({.url = server.url("")}).value();
  CHECK(run_command(command_of(Command::kRunsTail), *client, paper.terminal) ==
        ExitCode::kUnreachable);
  CHECK(paper.text().find("answers 307") != std::string::npos);
  CHECK(paper.text().find("went away") == std::string::npos);
}

}  // namespace
}  // namespace stepwell::cli
