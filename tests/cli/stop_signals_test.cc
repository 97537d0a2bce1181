// What ends a server: a signal, also while it recovers, and a recovery that fails.
#include "api/cli/stop_signals.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <thread>

namespace stepwell::cli {
namespace {

const Error kStopped{ErrorCode::kUnavailable, "the server was stopped"};

TEST_CASE("a signal stops a server that recovers") {
  const sigset_t signals = block_stop_signals();
  for (const int signal : {SIGINT, SIGTERM}) {
    std::promise<void> stopped;
    bool has_served = false;
    REQUIRE(kill(getpid(), signal) == 0);
    const Result<void> served =
        serve_until_signal(signals, {.wait = [&]() -> Result<void> {
                                       stopped.get_future().wait();
                                       return kStopped;
                                     },
                                     .on_serving = [&] { has_served = true; },
                                     .stop = [&] { stopped.set_value(); }});
    CHECK(served.ok());
    CHECK(!has_served);
    block_stop_signals();
  }
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

TEST_CASE("a signal stops a server that serves") {
  const sigset_t signals = block_stop_signals();
  int stops = 0;
  CHECK(serve_until_signal(signals, {.wait = []() -> Result<void> { return {}; },
                                     .on_serving = [] { kill(getpid(), SIGTERM); },
                                     .stop = [&] { ++stops; }})
            .ok());
  CHECK(stops == 1);
}

TEST_CASE("a recovery that fails ends the server without a signal") {
  const sigset_t signals = block_stop_signals();
  bool was_stopped = false;
  const Result<void> served =
      serve_until_signal(signals, {.wait = []() -> Result<void> {
                                     return Error{ErrorCode::kCorrupt, "a page is torn"};
                                   },
                                   .on_serving = [] {},
                                   .stop = [&] { was_stopped = true; }});
  REQUIRE(!served.ok());
  CHECK(served.error().message == "a page is torn");
  CHECK(!was_stopped);
}

TEST_CASE("a second signal ends the process, whatever the stop waits for") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGTERM, SIG_DFL);  // doctest has a handler
    const sigset_t signals = block_stop_signals();
    const auto for_ever = [] { std::this_thread::sleep_for(std::chrono::minutes(1)); };
    kill(getpid(), SIGTERM);
    (void)serve_until_signal(signals, {.wait = [&]() -> Result<void> {
                                         for_ever();
                                         return kStopped;
                                       },
                                       .on_serving = [] {},
                                       .stop =
                                           [&] {
                                             kill(getpid(), SIGTERM);
                                             for_ever();
                                           }});
    _exit(1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
}

}  // namespace
}  // namespace stepwell::cli
