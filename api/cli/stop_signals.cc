#include "api/cli/stop_signals.h"

#include <pthread.h>

#include <atomic>
#include <thread>

namespace stepwell::cli {

sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

Result<void> serve_until_signal(const sigset_t& signals, const Served& served) {
  std::atomic<bool> is_over = false;  // of two ends, the first counts
  std::thread watcher([&] {
    int signal = 0;
    sigwait(&signals, &signal);
    if (is_over.exchange(true)) return;               // it was only woken
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second one ends the process
    served.stop();
  });
  const Result<void> serving = served.wait();
  if (serving) served.on_serving();
  const bool has_failed = !serving && !is_over.exchange(true);
  if (has_failed) pthread_kill(watcher.native_handle(), SIGTERM);
  watcher.join();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // also while what was stopped is put away
  return has_failed ? serving : Result<void>();
}

}  // namespace stepwell::cli
