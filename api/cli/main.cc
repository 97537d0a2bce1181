#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <exception>

#include "api/cli/commands.h"
#include "api/cli/serve.h"
#include "engine/runtime/clock.h"
#include "storage/sqlite/version.h"

namespace stepwell::cli {
namespace {

constexpr const char* kUrlDefault = "http://127.0.0.1:8288";

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// A file only if the command line names one: in the environment it is the server's.
bool wants_file(const Options& options) {
  return options.flags.contains("db");
}

Result<void> check_use(const Options& options) {
  if (!wants_file(options)) return {};
  if (options.flags.contains("url")) {
    return Error{ErrorCode::kInvalid, "--url names a server and --db a file without one: give one"};
  }
  if (options.command == Command::kRealtimeTail || options.command == Command::kRealtimePublish) {
    return Error{ErrorCode::kInvalid,
                 "nobody publishes or hears messages of a file: use --url with a server"};
  }
  if (options.command == Command::kRunsTail || options.wait) {
    return Error{ErrorCode::kInvalid,
                 "with --db no function runs, so there is nothing to follow: use runs show, or "
                 "--url with a server"};
  }
  return {};
}

Result<std::unique_ptr<Client>> make_client(const Options& options, const Settings& settings) {
  if (wants_file(options)) return open_local_client(settings.db);
  const auto first = [](const std::vector<std::string>& keys) {
    return keys.empty() ? std::string() : keys.front();
  };
  return make_http_client({.url = settings.url.empty() ? kUrlDefault : settings.url,
                           .signing_key = first(settings.signing_keys),
                           .event_key = first(settings.event_keys),
                           .signing_key_source = settings.signing_key_source,
                           .event_key_source = settings.event_key_source});
}

void print_version(const Options& options, const Terminal& terminal) {
  if (options.output == Output::kTable) {
    terminal.print(
        fmt::format("stepwell {} (SQLite {})\n", STEPWELL_VERSION, storage::sqlite_version_text()));
  } else {
    terminal.print(fmt::format("{{\"version\":\"{}\",\"sqlite\":\"{}\"}}\n", STEPWELL_VERSION,
                               storage::sqlite_version_text()));
  }
}

ExitCode run(const Options& options, const Terminal& terminal) {
  const auto refuse = [&](const Error& error) {
    terminal.complain(error.message);
    return exit_code_of(error.code);
  };
  if (options.command == Command::kVersion) {
    print_version(options, terminal);
    return ExitCode::kOk;
  }
  const Result<SettingValues> values = complete_settings(options.flags, environment);
  if (!values) return refuse(values.error());
  const Result<Settings> settings = read_settings(*values);
  if (!settings) return refuse(settings.error());
  if (options.command == Command::kDev || options.command == Command::kServe) {
    if (options.flags.contains("url")) {
      return refuse({ErrorCode::kInvalid,
                     "--url names a server to talk to; dev and serve are one: --host and --port"});
    }
    return serve(options.command, *settings, terminal);
  }
  if (const Result<void> use = check_use(options); !use) return refuse(use.error());
  const Result<std::unique_ptr<Client>> client = make_client(options, *settings);
  if (!client) return refuse(client.error());
  return run_command(options, **client, terminal);
}

int run_program(std::vector<std::string> arguments) {
  std::variant<Options, Message> parsed = parse_options(std::move(arguments));
  const auto* options = std::get_if<Options>(&parsed);
  const Terminal terminal{.screen =
                              screen_of(STDOUT_FILENO, options != nullptr && options->no_colour,
                                        runtime::wall_clock())};
  ExitCode code = ExitCode::kOk;
  if (options != nullptr) {
    code = run(*options, terminal);
  } else if (const Message& message = std::get<Message>(parsed); message.is_error) {
    std::fputs(message.text.c_str(), stderr);
    code = ExitCode::kUsage;
  } else {
    terminal.print(message.text);
  }
  if (terminal.write_error != 0 && code == ExitCode::kOk) {
    terminal.complain(std::string("the output cannot be written: ") +
                      std::strerror(terminal.write_error));
    code = ExitCode::kIo;
  }
  return static_cast<int>(code);
}

}  // namespace
}  // namespace stepwell::cli

int main(int argc, char** argv) {
  try {
    return stepwell::cli::run_program({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stepwell: internal error: %s\n", error.what());
    return static_cast<int>(stepwell::cli::ExitCode::kInternal);
  }
}
