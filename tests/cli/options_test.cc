#include "api/cli/options.h"

#include <doctest/doctest.h>

namespace stepwell::cli {
namespace {

Options accepted(std::vector<std::string> arguments) {
  const auto parsed = parse_options(std::move(arguments));
  const Message* message = std::get_if<Message>(&parsed);
  REQUIRE_MESSAGE(message == nullptr, message->text);
  return std::get<Options>(parsed);
}

std::string refused(std::vector<std::string> arguments) {
  const auto parsed = parse_options(std::move(arguments));
  const Message* message = std::get_if<Message>(&parsed);
  REQUIRE(message != nullptr);
  CHECK(message->is_error);
  return message->text;
}

}  // namespace

TEST_CASE("each command is found, with what belongs to it") {
  CHECK(accepted({"dev"}).command == Command::kDev);
  CHECK(accepted({"version"}).command == Command::kVersion);
  CHECK(accepted({"doctor", "--deep"}).deep);
  CHECK(accepted({"functions", "list", "--archived"}).with_archived);

  const Options list = accepted({"runs", "list", "--status", "failed,running", "--status",
                                 "completed", "--since", "24h", "--function", "bill"});
  CHECK(list.command == Command::kRunsList);
  CHECK(list.statuses == std::vector<std::string>{"failed", "running", "completed"});
  CHECK(list.since == "24h");
  CHECK(list.function == "bill");

  const Options tail = accepted({"realtime", "tail", "post:1", "--topic", "a", "--topic", "b"});
  CHECK(tail.command == Command::kRealtimeTail);
  CHECK(tail.channel == "post:1");
  CHECK(tail.topics == std::vector<std::string>{"a", "b"});
  const Options publish = accepted({"realtime", "publish", "post:1", "a", "--data", "x"});
  CHECK(publish.command == Command::kRealtimePublish);
  CHECK(publish.topics == std::vector<std::string>{"a"});
  refused({"realtime", "publish", "post:1"});

  CHECK(accepted({"runs", "show", "R1", "--full"}).whole);
  CHECK(accepted({"runs", "cancel", "R1", "R2", "R3"}).ids.size() == 3);
  CHECK(accepted({"runs", "rerun", "R1", "--wait"}).wait);
  const Options part = accepted({"runs", "rerun", "R1", "--from-step", "a", "--input", "[1]"});
  CHECK(part.ids == std::vector<std::string>{"R1"});
  CHECK(part.from_step == "a");
  CHECK(part.input == "[1]");
  const Options many = accepted({"runs", "rerun", "--status", "failed", "--since", "1h", "--yes"});
  CHECK(many.ids.empty());
  CHECK(many.statuses == std::vector<std::string>{"failed"});
  CHECK(many.yes);
  CHECK(accepted({"runs", "tail", "R1"}).ids.front() == "R1");
  CHECK(accepted({"functions", "show", "f"}).command == Command::kFunctionsShow);
  CHECK(accepted({"functions", "pause", "f"}).command == Command::kFunctionsPause);
  CHECK(accepted({"functions", "resume", "f"}).ids.front() == "f");
  refused({"functions", "pause"});

  const Options send =
      accepted({"events", "send", "shop/paid", "--data", "{\"n\":-1}", "--id", "7"});
  CHECK(send.command == Command::kEventsSend);
  CHECK(send.name == "shop/paid");
  CHECK(send.data == "{\"n\":-1}");
  CHECK(send.event_id == "7");
  CHECK(accepted({"events", "list", "--internal"}).with_internal);
  CHECK(accepted({"events", "show", "E1"}).command == Command::kEventsShow);
}

TEST_CASE("global options may stand anywhere") {
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"-o", "json", "--db", "f.db", "runs", "list"},
        {"runs", "-o", "json", "list", "--db", "f.db"},
        {"runs", "list", "--output=json", "--db=f.db"}}) {
    const Options options = accepted(line);
    CHECK(options.output == Output::kJson);
    CHECK(options.flags.at("db").values == std::vector<std::string>{"f.db"});
    CHECK(options.flags.at("db").source == "--db");
  }
  CHECK(accepted({"runs", "list", "--no-color"}).no_colour);
  CHECK(accepted({"runs", "list", "-o", "jsonl"}).output == Output::kJsonLines);
  CHECK(accepted({"runs", "list"}).output == Output::kTable);
}

TEST_CASE("servers have options of their own") {
  const Options options = accepted({"serve", "--port", "0", "--event-key", "a", "--event-key", "b",
                                    "--signing-key", "ff", "--allow-host", "x.example"});
  CHECK(options.flags.at("port").values.front() == "0");
  CHECK(options.flags.at("event-key").values == std::vector<std::string>{"a", "b"});
  CHECK(refused({"runs", "list", "--port", "1"}).find("unknown option --port") !=
        std::string::npos);
}

TEST_CASE("what is wrong is named, with the command whose help says more") {
  CHECK(refused({"runs", "list", "--colour-me"}) ==
        "stepwell: unknown option --colour-me\nTry: stepwell runs list --help\n");
  CHECK(refused({"runs", "show", "R1", "R2"}).find("R2") != std::string::npos);
  CHECK(refused({"runs", "show"}).find("id is required") != std::string::npos);
  CHECK(refused({"runs"}).find("Try: stepwell runs --help") != std::string::npos);
  CHECK(refused({"help", "rums"}).find("unknown command rums: there is dev") != std::string::npos);
  CHECK(refused({"runs", "lst", "--help"}).find("Try: stepwell runs --help") != std::string::npos);
  CHECK(refused({}).find("Try: stepwell --help") != std::string::npos);
  CHECK(refused({"frobnicate"}).find("frobnicate") != std::string::npos);
  CHECK(refused({"runs", "list", "-o", "yaml"}).find("yaml") != std::string::npos);
  CHECK(refused({"runs", "list", "--since"}).find("--since") != std::string::npos);
}

TEST_CASE("ids are taken as they are written, so that what is wrong with them can be said") {
  for (const char* id : {"", "{}", ".", "nope"}) {
    CHECK(accepted({"runs", "show", id}).ids == std::vector<std::string>{id});
    CHECK(accepted({"runs", "cancel", id, "R2"}).ids == std::vector<std::string>{id, "R2"});
    CHECK(accepted({"events", "show", id}).ids == std::vector<std::string>{id});
  }
}

TEST_CASE("a value that is empty is refused, and no cursor is the first page") {
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"runs", "list", "--status", ""},
        {"events", "send", "a", "--data", ""},
        {"dev", "--db", ""},
        {"runs", "list", "--url", ""}}) {
    CHECK_MESSAGE(refused(line).find(" is empty\n") != std::string::npos, line.front());
  }
  CHECK(accepted({"runs", "list", "--cursor", ""}).cursor.empty());
}

TEST_CASE("conditions of a search are lines of one text") {
  CHECK(
      accepted({"runs", "list", "--query", "output.n > 1", "--query", "event.name == 'a'"}).query ==
      "output.n > 1\nevent.name == 'a'");
}

TEST_CASE("what is nearly a command is pointed at it, and what is missing is listed") {
  CHECK(refused({"run", "list"}).find("did you mean runs?") != std::string::npos);
  CHECK(refused({"runs"}).find("list, show, cancel, rerun or tail") != std::string::npos);
  CHECK(accepted({"--version"}).command == Command::kVersion);
}

TEST_CASE("help is no error, and shows the command that it was asked of") {
  const auto parsed = parse_options({"runs", "list", "--help"});
  const Message* message = std::get_if<Message>(&parsed);
  REQUIRE(message != nullptr);
  CHECK(!message->is_error);
  CHECK(message->text.find("--status") != std::string::npos);
  CHECK(message->text.find("--deep") == std::string::npos);
  CHECK(message->text.find("--url URL") != std::string::npos);  // what every command takes
  const auto asked = parse_options({"help", "runs", "list"});
  CHECK(std::get<Message>(asked).text == message->text);
}

}  // namespace stepwell::cli
