// What the commands do, with a client for what they need of an engine.
#pragma once

#include "api/cli/client.h"
#include "api/cli/exit_code.h"
#include "api/cli/options.h"
#include "api/cli/terminal.h"
#include "schema/json.h"

namespace stepwell::cli {

// Runs any command but dev, serve and version.
ExitCode run_command(const Options& options, Client& client, const Terminal& terminal);

// Its parts, one file each.
ExitCode run_list(const Options& options, Client& client, const Terminal& terminal);
ExitCode run_show(const Options& options, Client& client, const Terminal& terminal);
ExitCode run_cancel(const Options& options, Client& client, const Terminal& terminal);
ExitCode run_rerun(const Options& options, Client& client, const Terminal& terminal);
ExitCode run_show_function(const Options& options, Client& client, const Terminal& terminal);
// Pauses or resumes.
ExitCode run_pause(const Options& options, Client& client, const Terminal& terminal);
ExitCode run_send(const Options& options, Client& client, const Terminal& terminal);
ExitCode run_publish(const Options& options, Client& client, const Terminal& terminal);

// Prints the messages of a channel until it is interrupted. When the connection is lost it goes on
// after the last one; kUnreachable if the server does not come back.
ExitCode run_listen(const Options& options, Client& client, const Terminal& terminal);

// Where to ask for a list, with the filters of the options; for `runs rerun` of many, where to ask
// for that.
Result<std::string> list_path(const Options& options, Time now);

// What an option gives as text, as @FILE, or as - for standard input.
Result<std::string> read_text(std::string_view option, const std::string& text);

// Prints what a run does until it has ended. kRunFailed if it failed or was cancelled.
ExitCode follow_run(const std::string& id, const Options& options, Client& client,
                    const Terminal& terminal);

// The answer to a request that is expected to be JSON. Whatever went wrong has been said: then
// `code` is not kOk.
struct Asked {
  ExitCode code = ExitCode::kOk;
  std::string body;
};
enum class Answer {
  kJson,
  kMayBeEmpty,  // of what has nothing to say when it is done
};
Asked ask(Client& client, const Terminal& terminal, const std::string& method,
          const std::string& path, const std::string& body = "",
          Patience patience = Patience::kUsual, Answer answer = Answer::kJson);

// Reads what a server says. It wraps what is somebody else's, which is nested as deeply as the
// server takes it; so this takes more.
Result<JsonView> parse_answer(std::string_view text);

// Says what is wrong when the answer to `path` is a refusal: with the server's own words, or which
// key it does not take. Of any other answer, that no Stepwell server gives it.
ExitCode complain_of(const Reply& reply, const std::string& path, const Client& client,
                     const Terminal& terminal);

// Prints an answer: indented, or for jsonl each element of its list on a line.
void print_json(std::string_view body, Output output, const Terminal& terminal);

}  // namespace stepwell::cli
