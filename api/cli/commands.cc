#include "api/cli/commands.h"

#include <fmt/core.h>

#include <charconv>
#include <utility>
#include <vector>

#include "api/cli/render_lists.h"
#include "api/cli/text.h"
#include "api/cli/trace.h"
#include "api/cli/when.h"
#include "api/sdk/url.h"
#include "api/server/wrong_id.h"
#include "schema/ids.h"
#include "schema/json.h"

namespace stepwell::cli {
namespace {

constexpr size_t kPageDefault = 50;  // as the server has it
constexpr int kAnswerDepthMax = 1024;

// "/api/runs" with parameters that are not empty.
class Query {
 public:
  explicit Query(std::string path) : path_(std::move(path)) {}

  Query& add(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    path_ += is_first_ ? '?' : '&';
    path_.append(name).append("=").append(sdk::percent_encode(value));
    is_first_ = false;
    return *this;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool is_first_ = true;
};

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

// --since and --until as the server takes them.
Result<std::string> moment(std::string_view option, const std::string& text, Time now) {
  if (text.empty()) return std::string();
  const Result<Time> time = parse_moment(option, text, now);
  if (!time) return time.error();
  return format_rfc3339(*time);
}

std::string render_list(Command command, const JsonView& answer, const Screen& screen) {
  if (command == Command::kRunsList) return render_runs(answer, screen);
  if (command == Command::kEventsList) return render_events(answer, screen);
  return render_functions(answer, screen);
}

bool has_error(const JsonView& answer) {
  const std::optional<JsonView> data = answer.find("data");
  const std::optional<JsonView> checks = data ? data->find("checks") : std::nullopt;
  if (!checks) return false;
  for (JsonElements it = checks->elements(); it.next();) {
    const std::optional<JsonView> status = it.value().find("status");
    if (status && status->as_string() == "error") return true;
  }
  return false;
}

ExitCode run_doctor(const Options& options, Client& client, const Terminal& terminal) {
  const Asked asked = ask(client, terminal, "GET",
                          Query("/api/doctor").add("deep", options.deep ? "true" : "").path(), "",
                          options.deep ? Patience::kEndless : Patience::kUsual);
  if (asked.code != ExitCode::kOk) return asked.code;
  const JsonView answer = JsonView::trusted(asked.body);
  if (options.output == Output::kTable) {
    terminal.print(render_doctor(answer, terminal.screen));
  } else {
    print_json(asked.body, options.output, terminal);
  }
  return has_error(answer) ? ExitCode::kRunFailed : ExitCode::kOk;
}

// What a server says in {"error":…}; nothing if it says it in another way.
std::optional<std::string> error_of(const Reply& reply) {
  const Result<JsonView> json = parse_answer(reply.body);
  const std::optional<JsonView> error = json ? json->find("error") : std::nullopt;
  return error ? error->as_string() : std::nullopt;
}

void complain_of_key(KeyKind kind, const Client& client, const Terminal& terminal) {
  const bool is_event = kind == KeyKind::kEvent;
  const std::string_view name = is_event ? "event" : "signing";
  const std::string_view variable = is_event ? "STEPWELL_EVENT_KEY" : "STEPWELL_SIGNING_KEY";
  const std::string source = client.key_source(kind);
  if (source.empty()) {
    terminal.complain(
        fmt::format("{} asks for its {} key: set {}", client.where(), name, variable));
  } else {
    terminal.complain(fmt::format("{} does not take the {} key in {}: it has another",
                                  client.where(), name, source));
  }
}

// Before anything is asked for any of them: a path with "" in it would mean something else.
Result<void> check_ids(const Options& options) {
  for (const std::string& id : options.ids) {
    switch (options.command) {
      case Command::kEventsShow:
        if (id.empty()) return Error{ErrorCode::kInvalid, "\"\" is no event id"};
        break;
      case Command::kFunctionsShow:
      case Command::kFunctionsPause:
      case Command::kFunctionsResume:
        if (id.empty()) return Error{ErrorCode::kInvalid, "\"\" is no function"};
        break;
      default:
        if (!RunId::parse(id)) return server::not_a_run_id(id);
        break;
    }
  }
  return {};
}

// A search reads a bounded part of the runs at a time: goes on until as many are found as were
// asked for, and puts the pages together.
Asked search_runs(Options options, Client& client, const Terminal& terminal) {
  size_t left = kPageDefault;
  std::from_chars(options.limit.data(), options.limit.data() + options.limit.size(), left);
  JsonWriter found;
  found.begin_object().key("data").begin_array();
  while (true) {
    const Result<std::string> path = list_path(options, terminal.screen.now);
    if (!path) {
      terminal.complain(path.error().message);
      return {ExitCode::kUsage, ""};
    }
    const Asked asked = ask(client, terminal, "GET", *path);
    if (asked.code != ExitCode::kOk) return asked;
    const JsonView page = JsonView::trusted(asked.body);
    const JsonView runs = page.find("data").value_or(JsonView());
    for (JsonElements it = runs.elements(); it.next() && left > 0; --left) {
      found.raw(it.value().text());
    }
    const JsonView cursor = page.find("cursor").value_or(JsonView());
    options.cursor = cursor.as_string().value_or("");
    if (left == 0 || options.cursor.empty()) {
      found.end_array().key("cursor").raw(cursor.text()).end_object();
      return {ExitCode::kOk, found.take()};
    }
    options.limit = std::to_string(left);
  }
}

}  // namespace

ExitCode complain_of(const Reply& reply, const std::string& path, const Client& client,
                     const Terminal& terminal) {
  // Words of a proxy's, if it is no refusal.
  const std::optional<std::string> error = reply.status >= 400 ? error_of(reply) : std::nullopt;
  if (reply.status == 401) {
    complain_of_key(path.starts_with("/e/") ? KeyKind::kEvent : KeyKind::kSigning, client,
                    terminal);
  } else if (error) {
    terminal.complain(*error);
  } else {
    const std::string hint = reply.redirect.empty()
                                 ? "is it one?"
                                 : "it leads to " + sdk::without_secrets(reply.redirect);
    terminal.complain(fmt::format("{} answers {}, but not as a Stepwell server does: {}",
                                  client.where(), reply.status, hint));
    return ExitCode::kUnreachable;
  }
  return exit_code_of_status(reply.status);
}

Result<std::string> list_path(const Options& options, Time now) {
  const Result<std::string> since = moment("--since", options.since, now);
  if (!since) return since.error();
  const Result<std::string> until = moment("--until", options.until, now);
  if (!until) return until.error();
  if (options.command == Command::kFunctionsList) {
    return Query("/api/functions").add("archived", options.with_archived ? "true" : "").path();
  }
  Query query(options.command == Command::kRunsList    ? "/api/runs"
              : options.command == Command::kRunsRerun ? "/api/reruns"
                                                       : "/api/events");
  query.add("function", options.function).add("status", join(options.statuses));
  query.add("event", options.event).add("name", options.name).add("query", options.query);
  query.add("internal", options.with_internal ? "true" : "");
  query.add("from", *since).add("until", *until);
  return query.add("limit", options.limit).add("cursor", options.cursor).path();
}

Asked ask(Client& client, const Terminal& terminal, const std::string& method,
          const std::string& path, const std::string& body, Patience patience, Answer answer) {
  const Result<Reply> reply = client.request(method, path, body, patience);
  if (!reply) {
    terminal.complain(reply.error().message);
    return {ExitCode::kUnreachable, ""};
  }
  const bool is_strange =
      reply->body.empty() ? answer == Answer::kJson : !parse_answer(reply->body).ok();
  if (exit_code_of_status(reply->status) != ExitCode::kOk || is_strange) {
    return {complain_of(*reply, path, client, terminal), ""};
  }
  return {ExitCode::kOk, reply->body};
}

Result<JsonView> parse_answer(std::string_view text) {
  return parse_json(text, {.max_depth = kAnswerDepthMax});
}

void print_json(std::string_view body, Output output, const Terminal& terminal) {
  if (output == Output::kJson) return terminal.print(indent_json(body) + "\n");
  const std::optional<JsonView> data = JsonView::trusted(body).find("data");
  if (!data || !data->is_array()) {
    return terminal.print(compact_json(data ? data->text() : body) + "\n");
  }
  for (JsonElements it = data->elements(); it.next();) {
    terminal.print(compact_json(it.value().text()) + "\n");
  }
}

ExitCode run_list(const Options& options, Client& client, const Terminal& terminal) {
  const Result<std::string> path = list_path(options, terminal.screen.now);
  if (!path) {
    terminal.complain(path.error().message);
    return ExitCode::kUsage;
  }
  const Asked asked = options.query.empty() ? ask(client, terminal, "GET", *path)
                                            : search_runs(options, client, terminal);
  if (asked.code != ExitCode::kOk) return asked.code;
  if (options.output == Output::kTable) {
    terminal.print(render_list(options.command, JsonView::trusted(asked.body), terminal.screen));
  } else {
    print_json(asked.body, options.output, terminal);
  }
  return ExitCode::kOk;
}

ExitCode run_show(const Options& options, Client& client, const Terminal& terminal) {
  const bool is_run = options.command == Command::kRunsShow;
  const std::string path =
      (is_run ? "/api/runs/" : "/api/events/") + sdk::percent_encode(options.ids.front());
  const Asked asked = ask(client, terminal, "GET", path);
  if (asked.code != ExitCode::kOk) return asked.code;
  if (options.output != Output::kTable) {
    print_json(asked.body, options.output, terminal);
    return ExitCode::kOk;
  }
  const JsonView answer = JsonView::trusted(asked.body);
  if (!is_run) {
    terminal.print(render_event(answer, terminal.screen));
    return ExitCode::kOk;
  }
  const Trace trace = read_trace(answer.find("data").value_or(JsonView()));
  terminal.print(
      render_trace(trace, terminal.screen, options.whole ? Payloads::kWhole : Payloads::kShort));
  return ExitCode::kOk;
}

ExitCode run_command(const Options& options, Client& client, const Terminal& terminal) {
  if (const Result<void> valid = check_ids(options); !valid) {
    terminal.complain(valid.error().message);
    return ExitCode::kUsage;
  }
  switch (options.command) {
    case Command::kRunsList:
    case Command::kEventsList:
    case Command::kFunctionsList:
      return run_list(options, client, terminal);
    case Command::kRunsShow:
    case Command::kEventsShow:
      return run_show(options, client, terminal);
    case Command::kFunctionsShow:
      return run_show_function(options, client, terminal);
    case Command::kFunctionsPause:
    case Command::kFunctionsResume:
      return run_pause(options, client, terminal);
    case Command::kRunsCancel:
      return run_cancel(options, client, terminal);
    case Command::kRunsRerun:
      return run_rerun(options, client, terminal);
    case Command::kRunsTail:
      return follow_run(options.ids.front(), options, client, terminal);
    case Command::kEventsSend:
      return run_send(options, client, terminal);
    case Command::kRealtimeTail:
      return run_listen(options, client, terminal);
    case Command::kRealtimePublish:
      return run_publish(options, client, terminal);
    case Command::kDoctor:
      return run_doctor(options, client, terminal);
    case Command::kDev:
    case Command::kServe:
    case Command::kVersion:
      break;
  }
  return ExitCode::kInternal;  // these need no client
}

}  // namespace stepwell::cli
