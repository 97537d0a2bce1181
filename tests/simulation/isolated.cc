#include "tests/simulation/isolated.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "schema/check.h"

namespace stepwell::sim {
namespace {

constexpr unsigned kSecondsMax = 300;

// What broken assertions say is of no interest here: the play can be repeated.
void silence_stderr() {
  int nowhere = ::open("/dev/null", O_WRONLY);
  if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
}

[[noreturn]] void play_and_exit(const std::function<Verdict()>& play, int result) {
  silence_stderr();
  ::alarm(kSecondsMax);
  Verdict verdict = play();
  if (!verdict.violations.empty()) {
    const std::string& promise = verdict.violations.front().promise;
    if (::write(result, promise.data(), promise.size()) < 0) ::_exit(2);
  }
  ::_exit(0);
}

}  // namespace

std::string broken_promise(const std::function<Verdict()>& play) {
  std::array<int, 2> ends{};
  CHECK_INVARIANT(::pipe(ends.data()) == 0, "a pipe can be made");
  pid_t child = ::fork();
  CHECK_INVARIANT(child >= 0, "a process can be made");
  if (child == 0) play_and_exit(play, ends[1]);
  ::close(ends[1]);
  std::string promise;
  std::array<char, 64> buffer{};
  for (ssize_t got = 0; (got = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    promise.append(buffer.data(), static_cast<size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGALRM ? "hang" : "assertion";
  return WEXITSTATUS(status) == 0 ? promise : "assertion";
}

}  // namespace stepwell::sim
