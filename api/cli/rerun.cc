// runs rerun: one run, from its start or from a step on, or all that filters name.
#include <fmt/core.h>

#include "api/cli/commands.h"
#include "api/cli/text.h"
#include "api/sdk/url.h"
#include "schema/json.h"

namespace stepwell::cli {
namespace {

bool has_filter(const Options& options) {
  return !options.function.empty() || !options.statuses.empty() || !options.event.empty() ||
         !options.query.empty() || !options.since.empty() || !options.until.empty();
}

JsonView data_of(const std::string& body) {
  return JsonView::trusted(body).find("data").value_or(JsonView());
}

int64_t count_of(const std::string& body, std::string_view key) {
  const std::optional<JsonView> count = data_of(body).find(key);
  return count ? count->as_int64().value_or(0) : 0;
}

std::string runs_words(int64_t count) {
  return count == 1 ? "1 run" : fmt::format("{} runs", count);
}

Result<std::string> rerun_body(const Options& options) {
  if (options.from_step.empty()) return std::string();
  JsonWriter json;
  json.begin_object().key("from_step").string(options.from_step);
  if (!options.input.empty()) {
    const Result<std::string> input = read_text("--input", options.input);
    if (!input) return input.error();
    if (const Result<JsonView> view = parse_json(*input); !view || !view->is_array()) {
      return Error{ErrorCode::kInvalid,
                   "--input must be a JSON array, the arguments of the step's body, such as [1]"};
    }
    json.key("input").raw(*input);
  }
  return json.end_object().take();
}

ExitCode rerun_one(const Options& options, Client& client, const Terminal& terminal) {
  const std::string& id = options.ids.front();
  const Result<std::string> body = rerun_body(options);
  if (!body) {
    terminal.complain(body.error().message);
    return exit_code_of(body.error().code);
  }
  const Asked asked =
      ask(client, terminal, "POST", "/api/runs/" + sdk::percent_encode(id) + "/rerun", *body);
  if (asked.code != ExitCode::kOk) return asked.code;
  const std::optional<JsonView> run_id = data_of(asked.body).find("run_id");
  const std::string run = run_id ? run_id->as_string().value_or("") : "";
  if (options.output != Output::kTable) {
    if (!options.wait) print_json(asked.body, options.output, terminal);
  } else if (run.empty()) {
    terminal.print("Its function waits for further events before it runs (debounce, batch)\n");
  } else {
    const std::string from =
        options.from_step.empty() ? "" : ", from step " + neutralise(options.from_step) + " on";
    terminal.print("Run " + neutralise(run) + " does again what " + neutralise(id) + " did" + from +
                   "\n");
  }
  const bool follows = options.wait && !run.empty();
  return follows ? follow_run(run, options, client, terminal) : ExitCode::kOk;
}

ExitCode rerun_many(const Options& options, Client& client, const Terminal& terminal) {
  const Result<std::string> path = list_path(options, terminal.screen.now);
  if (!path) {
    terminal.complain(path.error().message);
    return ExitCode::kUsage;
  }
  if (!options.yes) {
    const Asked counted =
        ask(client, terminal, "POST", *path + "&dry_run=true", "", Patience::kEndless);
    if (counted.code != ExitCode::kOk) return counted.code;
    const int64_t runs = count_of(counted.body, "runs");
    if (runs == 0) {
      terminal.print("No runs.\n");
      return ExitCode::kOk;
    }
    const std::string question = fmt::format("Run {} again?", runs_words(runs));
    switch (terminal.confirm(question)) {
      case Terminal::Confirmation::kYes:
        break;
      case Terminal::Confirmation::kNo:
        return ExitCode::kOk;
      case Terminal::Confirmation::kNobody:
        terminal.complain(fmt::format("{} would run again: say --yes", runs_words(runs)));
        return ExitCode::kUsage;
    }
  }
  const Asked asked = ask(client, terminal, "POST", *path, "", Patience::kEndless);
  if (asked.code != ExitCode::kOk) return asked.code;
  if (options.output != Output::kTable) {
    print_json(asked.body, options.output, terminal);
    return ExitCode::kOk;
  }
  terminal.print(runs_words(count_of(asked.body, "runs")) + " again\n");
  const int64_t refused = count_of(asked.body, "refused");
  if (refused > 0) {
    terminal.print(runs_words(refused) + " not: their functions are gone, or turned them away\n");
  }
  return ExitCode::kOk;
}

}  // namespace

ExitCode run_rerun(const Options& options, Client& client, const Terminal& terminal) {
  const auto refuse = [&](std::string_view what) {
    terminal.complain(what);
    return ExitCode::kUsage;
  };
  if (!options.ids.empty()) {
    if (has_filter(options)) return refuse("either a run, or filters such as --status failed");
    if (!options.input.empty() && options.from_step.empty()) {
      return refuse("--input is for a step: --from-step says which");
    }
    return rerun_one(options, client, terminal);
  }
  if (!has_filter(options))
    return refuse("which run? Name one, or filters such as --status failed");
  if (!options.from_step.empty() || !options.input.empty() || options.wait) {
    return refuse("--from-step, --input and --wait are for one run");
  }
  return rerun_many(options, client, terminal);
}

}  // namespace stepwell::cli
