// The commands that change something: cancel, send (rerun.cc has rerun); and those that follow a
// run.
#include <fmt/core.h>

#include "api/cli/commands.h"
#include "api/cli/read_file.h"
#include "api/cli/text.h"
#include "api/cli/trace.h"
#include "api/cli/when.h"
#include "api/sdk/url.h"
#include "engine/runtime/clock.h"
#include "schema/json.h"

namespace stepwell::cli {
namespace {

std::string text_at(const JsonView& object, std::string_view key) {
  const std::optional<JsonView> value = object.find(key);
  return value ? value->as_string().value_or("") : std::string();
}

// The value of --data or --user: a JSON object, where it is.
Result<std::string> read_payload(std::string_view option, const std::string& text) {
  Result<std::string> json = read_text(option, text);
  if (!json) return json.error();
  const Result<JsonView> view = parse_json(*json);
  if (!view) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("{} is no JSON: {}", option, view.error().message)};
  }
  if (!view->is_object()) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("{} must be a JSON object, such as {{\"order\":42}}", option)};
  }
  return json;
}

Result<std::string> event_body(const Options& options, Time now) {
  JsonWriter json;
  json.begin_object().key("name").string(options.name);
  if (!options.event_id.empty()) json.key("id").string(options.event_id);
  if (!options.ts.empty()) {
    const Result<Time> ts = parse_event_time("--ts", options.ts, now);
    if (!ts) return ts.error();
    json.key("ts").integer(to_millis(*ts));
  }
  const Result<std::string> data =
      read_payload("--data", options.data.empty() ? "{}" : options.data);
  if (!data) return data.error();
  json.key("data").raw(*data);
  if (!options.user.empty()) {
    const Result<std::string> user = read_payload("--user", options.user);
    if (!user) return user.error();
    json.key("user").raw(*user);
  }
  return json.end_object().take();
}

// The runs that an event triggered ("runs"), in which it ended a wait ("resumed"), or that it ended
// ("cancelled"), by id.
std::vector<std::string> runs_of(const std::string& body, std::string_view key) {
  std::vector<std::string> ids;
  const std::optional<JsonView> data = JsonView::trusted(body).find("data");
  const std::optional<JsonView> runs = data ? data->find(key) : std::nullopt;
  if (!runs) return ids;
  for (JsonElements it = runs->elements(); it.next();) ids.push_back(text_at(it.value(), "id"));
  return ids;
}

// What an event did, a line each.
std::string effects_lines(const std::string& shown, Time now) {
  std::string lines;
  const JsonView data = JsonView::trusted(shown).find("data").value_or(JsonView());
  const auto add = [&](std::string_view key, std::string_view words) {
    for (const std::string& run : runs_of(shown, key)) {
      lines += std::string(words) + neutralise(run) + "\n";
    }
    const std::optional<JsonView> has_more = data.find(std::string(key) + "_more");
    if (has_more && has_more->as_bool() == true) lines += std::string(words) + "…, and more\n";
  };
  add("runs", "Run ");
  add("resumed", "It ended a wait of run ");
  add("cancelled", "It cancelled run ");
  if (!lines.empty()) return lines;
  const JsonView copies = data.find("copies").value_or(JsonView());
  if (JsonElements first = copies.elements(); first.next()) {
    const Result<Time> received = parse_rfc3339(text_at(first.value(), "received_at"));
    return fmt::format("It is a copy of {}, received {}: nothing starts again\n",
                       neutralise(text_at(first.value(), "internal_id")),
                       received ? relative_time(*received, now) : std::string("before"));
  }
  return "It triggered no run, ended no wait and cancelled no run\n";
}

// All runs that an event triggered; its page, `shown`, has the newest alone. kOk, or what has been
// complained of.
ExitCode find_runs(const std::string& event, const std::string& shown, Client& client,
                   const Terminal& terminal, std::vector<std::string>& ids) {
  const JsonView page = JsonView::trusted(shown).find("data").value_or(JsonView());
  const std::optional<JsonView> has_more = page.find("runs_more");
  if (!has_more || has_more->as_bool() != true) {
    ids = runs_of(shown, "runs");
    return ExitCode::kOk;
  }
  const std::string path = "/api/runs?event=" + sdk::percent_encode(event) + "&limit=200";
  std::string cursor;
  do {
    const Asked asked =
        ask(client, terminal, "GET",
            cursor.empty() ? path : path + "&cursor=" + sdk::percent_encode(cursor));
    if (asked.code != ExitCode::kOk) return asked.code;
    const JsonView answer = JsonView::trusted(asked.body);
    const JsonView runs = answer.find("data").value_or(JsonView());
    for (JsonElements it = runs.elements(); it.next();) ids.push_back(text_at(it.value(), "id"));
    cursor = text_at(answer, "cursor");
  } while (!cursor.empty());
  return ExitCode::kOk;
}

// The event was sent, and its look-up ended with this code; why, has been said.
ExitCode tell_unseen(const std::string& id, ExitCode code, const Options& options,
                     const Terminal& terminal) {
  terminal.complain("the event was accepted; what it started cannot be shown");
  if (options.wait) return code;
  if (options.output != Output::kTable) {
    JsonWriter json;
    json.begin_object().key("data").begin_object().key("event").begin_object();
    json.key("internal_id").string(id).end_object().end_object().end_object();
    print_json(json.text(), options.output, terminal);
  }
  return ExitCode::kOk;
}

ExitCode follow_all(const std::vector<std::string>& ids, const Options& options, Client& client,
                    const Terminal& terminal) {
  ExitCode worst = ExitCode::kOk;
  for (const std::string& id : ids) {
    const ExitCode code = follow_run(id, options, client, terminal);
    if (code != ExitCode::kOk) worst = code;
  }
  return worst;
}

// What has been shown of a run that is followed.
class Follower {
 public:
  Follower(std::string id, const Options& options, Client& client, const Terminal& terminal)
      : path_("/api/runs/" + sdk::percent_encode(id)),
        options_(options),
        client_(client),
        terminal_(terminal) {}

  // Fetches the trace and prints what is new. False: it has ended, or it cannot be fetched.
  bool look() {
    Asked asked = ask(client_, terminal_, "GET", path_);
    code_ = asked.code;
    if (code_ != ExitCode::kOk) return false;
    const JsonView answer = JsonView::trusted(asked.body);
    Trace trace = read_trace(answer.find("data").value_or(JsonView()));
    print(trace, asked.body);
    last_ = std::move(trace);
    if (last_->is_open()) return true;
    if (last_->status != "Completed") code_ = ExitCode::kRunFailed;
    return false;
  }

  const std::string& path() const { return path_; }
  ExitCode code() const { return code_; }
  bool has_ended() const { return last_ && !last_->is_open(); }

 private:
  void print(const Trace& trace, const std::string& body) const {
    if (options_.output == Output::kTable) {
      Screen screen = terminal_.screen;
      screen.now = trace.as_of;
      const bool is_whole = options_.whole || !screen.is_terminal;
      terminal_.print(render_news(trace, last_ ? &*last_ : nullptr, screen,
                                  is_whole ? Payloads::kWhole : Payloads::kShort));
    } else if (!trace.is_open()) {
      print_json(body, options_.output, terminal_);
    }
  }

  std::string path_;
  const Options& options_;
  Client& client_;
  const Terminal& terminal_;
  std::optional<Trace> last_;
  ExitCode code_ = ExitCode::kOk;
};

}  // namespace

Result<std::string> read_text(std::string_view option, const std::string& text) {
  Result<std::string> read = text == "-"             ? read_standard_input()
                             : text.starts_with("@") ? read_file(text.substr(1))
                                                     : Result<std::string>(text);
  if (read) return read;
  return Error{read.error().code, fmt::format("{}: {}", option, read.error().message)};
}

ExitCode follow_run(const std::string& id, const Options& options, Client& client,
                    const Terminal& terminal) {
  Follower follower(id, options, client, terminal);
  if (!follower.look()) return follower.code();
  const Result<Reply> stream = client.stream(
      follower.path() + "/stream",
      [&](const std::vector<ServerEvent>& events) { return events.empty() || follower.look(); });
  if (follower.has_ended() || follower.code() != ExitCode::kOk) return follower.code();
  if (stream && stream->status != 200) {
    return complain_of(*stream, follower.path(), client, terminal);
  }
  terminal.complain("the server went away; the run goes on when it is back");
  return ExitCode::kUnreachable;
}

ExitCode run_cancel(const Options& options, Client& client, const Terminal& terminal) {
  ExitCode worst = ExitCode::kOk;
  for (const std::string& id : options.ids) {
    const Asked asked = ask(client, terminal, "DELETE", "/v1/runs/" + sdk::percent_encode(id), "",
                            Patience::kUsual, Answer::kMayBeEmpty);
    if (asked.code != ExitCode::kOk) {
      worst = asked.code;
      continue;
    }
    if (options.output == Output::kTable) {
      terminal.print("Cancelled " + neutralise(id) + "\n");
    } else {
      JsonWriter json;
      json.begin_object().key("data").begin_object().key("run_id").string(id);
      json.key("status").string("Cancelled").end_object().end_object();
      print_json(json.text(), options.output, terminal);
    }
  }
  return worst;
}

ExitCode run_send(const Options& options, Client& client, const Terminal& terminal) {
  const Result<std::string> body = event_body(options, terminal.screen.now);
  if (!body) {
    terminal.complain(body.error().message);
    return exit_code_of(body.error().code);
  }
  const Asked sent =
      ask(client, terminal, "POST", "/e/" + sdk::percent_encode(client.event_key()), *body);
  if (sent.code != ExitCode::kOk) return sent.code;
  std::string id;
  if (const auto ids = JsonView::trusted(sent.body).find("ids")) {
    for (JsonElements it = ids->elements(); it.next();) id = it.value().as_string().value_or("");
  }
  // Whatever follows: the event is in, and who thinks that it is not sends it twice.
  if (options.output == Output::kTable) terminal.print("Sent " + neutralise(id) + "\n");
  const Asked shown = ask(client, terminal, "GET", "/api/events/" + sdk::percent_encode(id));
  if (shown.code != ExitCode::kOk) return tell_unseen(id, shown.code, options, terminal);
  if (options.output == Output::kTable) {
    terminal.print(effects_lines(shown.body, runtime::wall_clock()));
  } else if (!options.wait) {
    print_json(shown.body, options.output, terminal);
  }
  if (!options.wait) return ExitCode::kOk;
  std::vector<std::string> runs;
  const ExitCode found = find_runs(id, shown.body, client, terminal, runs);
  if (found != ExitCode::kOk) return tell_unseen(id, found, options, terminal);
  return follow_all(runs, options, client, terminal);
}

}  // namespace stepwell::cli
