// realtime tail and realtime publish.
#include <fmt/core.h>

#include <chrono>
#include <thread>

#include "api/cli/commands.h"
#include "api/cli/text.h"
#include "api/cli/when.h"
#include "api/sdk/url.h"
#include "engine/realtime/message.h"
#include "schema/json.h"

namespace stepwell::cli {
namespace {

// A server that restarts is back by then.
constexpr int kReconnectsMax = 30;
constexpr std::chrono::seconds kReconnectPause{1};

Result<std::string> start_of(const std::string& since, Time now) {
  if (since.empty()) return since;
  const Result<Time> time = parse_moment("--since", since, now);
  if (time) return format_rfc3339(*time);
  // After the times: a day would pass for an id.
  if (realtime::MessageId::parse(since)) return since;
  return time.error();
}

std::string text_at(const JsonView& json, std::string_view key) {
  const std::optional<JsonView> member = json.find(key);
  return member ? member->as_string().value_or("") : std::string();
}

// "12:30:05 updated {"likes":3}".
std::string render(const JsonView& message) {
  const std::optional<JsonView> data = message.find("data");
  if (text_at(message, "kind") == "gap") {
    const std::optional<JsonView> missed = data ? data->find("missed") : std::nullopt;
    const std::optional<int64_t> count = missed ? missed->as_int64() : std::nullopt;
    return count ? fmt::format("({} messages were missed here)\n", *count)
                 : "(messages were missed here)\n";
  }
  const Result<Time> time = parse_rfc3339(text_at(message, "created_at"));
  const std::string clock = time ? clock_time(*time).substr(11) : std::string(8, '?');
  return fmt::format("{} {} {}\n", clock, neutralise(text_at(message, "topic")),
                     data ? compact_json(data->text()) : "");
}

// What has been heard, so that it can go on after it.
class Listener {
 public:
  Listener(const Options& options, Client& client, const Terminal& terminal, std::string since)
      : options_(options), client_(client), terminal_(terminal), since_(std::move(since)) {}

  ExitCode listen() {
    for (int tries = 0; tries <= kReconnectsMax; ++tries) {
      if (tries > 0) std::this_thread::sleep_for(kReconnectPause);
      const Result<Reply> reply =
          client_.stream(path(), [this, &tries](const std::vector<ServerEvent>& events) {
            was_connected_ = true;
            tries = 0;
            for (const ServerEvent& event : events) print(event);
            return terminal_.write_error == 0;
          });
      if (terminal_.write_error != 0) return ExitCode::kOk;  // the program ends with that
      if (reply && reply->status != 200) {
        return complain_of(*reply, path(), client_, terminal_);
      }
      if (!reply && !was_connected_) {
        terminal_.complain(reply.error().message);
        return ExitCode::kUnreachable;
      }
      was_connected_ = true;
    }
    terminal_.complain("the server does not come back");
    return ExitCode::kUnreachable;
  }

 private:
  std::string path() const {
    std::string path = "/api/realtime/stream?channel=" + sdk::percent_encode(options_.channel);
    for (const std::string& topic : options_.topics) path += "&topic=" + sdk::percent_encode(topic);
    if (!since_.empty()) path += "&since=" + sdk::percent_encode(since_);
    return path;
  }

  void print(const ServerEvent& event) {
    const Result<JsonView> message = parse_answer(event.data);
    if (!message) return;
    if (!event.id.empty()) since_ = event.id;
    if (options_.output == Output::kTable) {
      terminal_.print(render(*message));
    } else if (options_.output == Output::kJson) {
      terminal_.print(indent_json(event.data) + "\n");
    } else {
      terminal_.print(compact_json(event.data) + "\n");
    }
  }

  const Options& options_;
  Client& client_;
  const Terminal& terminal_;
  std::string since_;
  bool was_connected_ = false;
};

}  // namespace

ExitCode run_listen(const Options& options, Client& client, const Terminal& terminal) {
  const Result<std::string> since = start_of(options.since, terminal.screen.now);
  if (!since) {
    terminal.complain(since.error().message);
    return ExitCode::kUsage;
  }
  return Listener(options, client, terminal, *since).listen();
}

ExitCode run_publish(const Options& options, Client& client, const Terminal& terminal) {
  const Result<std::string> data = read_text("--data", options.data);
  if (!data) {
    terminal.complain(data.error().message);
    return exit_code_of(data.error().code);
  }
  const Asked asked = ask(client, terminal, "POST",
                          "/v1/realtime/publish?channel=" + sdk::percent_encode(options.channel) +
                              "&topic=" + sdk::percent_encode(options.topics.front()),
                          *data, Patience::kUsual, Answer::kMayBeEmpty);
  if (asked.code == ExitCode::kOk && options.output == Output::kTable) {
    terminal.print(fmt::format("Published to {} {}\n", neutralise(options.channel),
                               neutralise(options.topics.front())));
  }
  return asked.code;
}

}  // namespace stepwell::cli
