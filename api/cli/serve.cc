#include "api/cli/serve.h"

#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>

#include "api/cli/stop_signals.h"
#include "api/cli/text.h"
#include "api/cli/when.h"
#include "api/sdk/sdk.h"
#include "api/server/host.h"
#include "api/server/http_server.h"
#include "api/server/origin.h"
#include "engine/runtime/clock.h"
#include "storage/sqlite/sqlite_journal.h"

namespace stepwell::cli {
namespace {

constexpr const char* kJournalDefault = "stepwell.db";
constexpr const char* kHostDefault = "127.0.0.1";

server::ServiceOptions service_options(Command command, const Settings& settings) {
  const bool is_dev = command == Command::kDev;
  std::string address = settings.host.value_or(kHostDefault);
  if (address == "localhost") address = kHostDefault;
  server::ServiceOptions options{.mode = is_dev ? server::Mode::kDev : server::Mode::kServe,
                                 .event_keys = settings.event_keys,
                                 .signing_keys = settings.signing_keys,
                                 .addresses = {address},
                                 .port = settings.port,
                                 .hosts = settings.allowed_hosts,
                                 .origins = settings.allowed_origins};
  if (is_dev) {
    options.event_keys.clear();
    options.signing_keys.clear();
  }
  return options;
}

// The usual ports, and the one that the environment says apps are started with.
std::vector<uint16_t> discovery_ports() {
  std::vector<uint16_t> ports = sdk::usual_ports();
  const char* given = std::getenv("PORT");
  const std::string_view text = given == nullptr ? "" : given;
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error == std::errc() && end == text.data() + text.size() && port != 0) ports.push_back(port);
  return ports;
}

// Of settings that were found valid.
sdk::SdkOptions sdk_options(Command command, const Settings& settings, const Terminal& terminal) {
  const bool is_dev = command == Command::kDev;
  sdk::SdkOptions options;
  options.mode = is_dev ? server::Mode::kDev : server::Mode::kServe;
  if (!is_dev) {
    for (const std::string& key : settings.signing_keys) {
      options.signing_keys.push_back(server::SigningKey::parse(key).value());
    }
  }
  options.apps = sdk::default_policy(options.mode, settings.allow_private_sdk_urls);
  options.fetches = sdk::default_policy(options.mode, false);
  options.version = STEPWELL_VERSION;
  options.urls = settings.sdk_urls;
  const Duration interval = settings.poll_interval.value_or(Duration::zero());
  options.polls = is_dev ? !settings.no_poll : interval > Duration::zero();
  if (interval > Duration::zero()) options.poll_interval = interval;
  if (is_dev && !settings.no_discovery) options.discovery_ports = discovery_ports();
  options.on_news = [terminal](const std::string& news) {
    // What is wrong with several functions comes on several lines.
    for (size_t at = 0; at < news.size();) {
      const size_t end = std::min(news.find('\n', at), news.size());
      const std::string_view key = at == 0 ? "apps" : "";
      terminal.print("  " + terminal.screen.paint(Colour::kDim, pad(key, 9)) +
                     neutralise(news.substr(at, end - at)) + "\n");
      at = end + 1;
    }
  };
  return options;
}

core::Settings core_settings(const Settings& settings) {
  core::Settings core;
  core.retry_interval = settings.retry_interval;
  if (settings.wait_lookback) core.wait_lookback = *settings.wait_lookback;
  core.durable_channels = settings.durable_channels;
  return core;
}

// Nothing more is trusted to the file: no destructor may touch it, and whoever started the server
// learns by the code.
[[noreturn]] void die(storage::CommitOutcome outcome, const std::string& message) {
  const std::string line =
      fmt::format("stepwell: the journal cannot be written any more ({}): {}\n",
                  storage::commit_outcome_name(outcome), neutralise(message));
  // A failure to say so changes nothing.
  (void)!write(STDERR_FILENO, line.data(), line.size());
  _exit(static_cast<int>(ExitCode::kIo));
}

// The loop thread's word to whoever watches.
void tell_of_space(bool is_out) {
  const std::string line =
      fmt::format("stepwell: {}\n", is_out ? runtime::kDiskIsFull : runtime::kDiskHasRoom);
  std::fputs(line.c_str(), stderr);
}

// Whom it serves, and on what condition.
std::string reach(Command command, const std::string& address) {
  if (command == Command::kDev) return "this machine alone, without keys";
  return std::string(server::is_loopback_address(address) || address == "localhost"
                         ? "this machine alone"
                         : "whoever reaches this address") +
         ", with the event key (events) or the signing key (all else)";
}

void announce(const Terminal& terminal, Command command, const Settings& settings,
              const server::Host& host, const std::string& path) {
  const std::string address = settings.host.value_or(kHostDefault);
  const std::string name = address.find(':') == std::string::npos ? address : "[" + address + "]";
  const std::string_view mode = command == Command::kDev ? "dev" : "serve";
  const auto line = [&](std::string_view key, std::string_view value) {
    return "  " + terminal.screen.paint(Colour::kDim, pad(key, 9)) + std::string(value) + "\n";
  };
  terminal.print(fmt::format("Stepwell {} ({})\n", STEPWELL_VERSION, mode) +
                 line("serves", fmt::format("http://{}:{}", name, host.port())) +
                 line("to", reach(command, address)) + line("journal", neutralise(path)));
}

}  // namespace

ExitCode serve(Command command, const Settings& settings, const Terminal& terminal) {
  const auto refuse = [&](const Error& error) {
    terminal.complain(error.message);
    return exit_code_of(error.code);
  };
  umask(077);
  if (command == Command::kServe) prctl(PR_SET_DUMPABLE, 0);  // a core dump would hold the keys
  const server::ServiceOptions service = service_options(command, settings);
  // Before the journal is touched.
  if (const Result<void> valid = server::validate(service); !valid) return refuse(valid.error());
  for (const std::string& address : service.addresses) {
    const Result<void> free = server::check_port_is_free(address, service.port);
    if (!free) return refuse(free.error());
  }
  const std::string path = settings.db.empty() ? kJournalDefault : settings.db;
  auto journal = storage::open_sqlite_journal({.path = path,
                                               .durability = settings.is_relaxed
                                                                 ? storage::Durability::kRelaxed
                                                                 : storage::Durability::kFull});
  if (!journal) {
    terminal.complain(journal.error().message);
    return exit_code_of_journal(journal.error().code);
  }

  const sigset_t signals = block_stop_signals();
  std::signal(SIGPIPE, SIG_IGN);
  const Time begun = runtime::wall_clock();
  server::HostOptions options;
  options.service = service;
  options.runtime.settings = core_settings(settings);
  if (settings.channel_replay) options.hub.young_channel_age = *settings.channel_replay;
  options.journal = std::move(*journal);
  options.on_fatal = die;
  options.on_space = tell_of_space;
  options.prepare = [sdk = sdk_options(command, settings, terminal)](runtime::Runtime& runtime,
                                                                     server::Service& made) {
    return std::make_shared<sdk::Sdk>(runtime, made, sdk);
  };
  Result<std::unique_ptr<server::Host>> host = server::Host::start(std::move(options));
  if (!host) return refuse(host.error());
  announce(terminal, command, settings, **host, path);
  const Result<void> served = serve_until_signal(
      signals, {.wait = [&] { return (**host).wait_until_serving(); },
                .on_serving =
                    [&] {
                      terminal.print("  " + terminal.screen.paint(Colour::kDim, pad("ready", 9)) +
                                     "after " + short_duration(runtime::wall_clock() - begun) +
                                     "\n");
                    },
                .stop =
                    [&] {
                      terminal.print("Stopping\n");
                      (**host).stop();
                    }});
  return served ? ExitCode::kOk : refuse(served.error());
}

}  // namespace stepwell::cli
