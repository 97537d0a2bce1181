// functions show, pause and resume.
#include "api/cli/commands.h"
#include "api/cli/render_function.h"
#include "api/cli/text.h"
#include "api/sdk/url.h"
#include "schema/json.h"

namespace stepwell::cli {

ExitCode run_show_function(const Options& options, Client& client, const Terminal& terminal) {
  const Asked asked =
      ask(client, terminal, "GET", "/api/functions/" + sdk::percent_encode(options.ids.front()));
  if (asked.code != ExitCode::kOk) return asked.code;
  if (options.output == Output::kTable) {
    terminal.print(render_function(JsonView::trusted(asked.body), terminal.screen));
  } else {
    print_json(asked.body, options.output, terminal);
  }
  return ExitCode::kOk;
}

ExitCode run_pause(const Options& options, Client& client, const Terminal& terminal) {
  const bool is_pause = options.command == Command::kFunctionsPause;
  const std::string& id = options.ids.front();
  const Asked asked =
      ask(client, terminal, "POST",
          "/api/functions/" + sdk::percent_encode(id) + (is_pause ? "/pause" : "/resume"));
  if (asked.code != ExitCode::kOk) return asked.code;
  if (options.output != Output::kTable) {
    print_json(asked.body, options.output, terminal);
    return ExitCode::kOk;
  }
  const JsonView data = JsonView::trusted(asked.body).find("data").value_or(JsonView());
  const bool has_changed = data.find("changed").value_or(JsonView()).as_bool().value_or(false);
  const std::string_view done = is_pause ? "Paused " : "Resumed ";
  const std::string_view known = is_pause ? " is paused already" : " is not paused";
  terminal.print(has_changed ? std::string(done) + neutralise(id) + "\n"
                             : neutralise(id) + std::string(known) + "\n");
  return ExitCode::kOk;
}

}  // namespace stepwell::cli
