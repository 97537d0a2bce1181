// Whoever dies of a play says which it was.
#include "tests/simulation/playing.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <string>

#include "schema/check.h"

namespace stepwell::sim {
namespace {

struct Death {
  int signal = 0;
  std::string words;  // on stderr
};

// What becomes of a process that does this.
Death death_by(const std::function<void()>& thing) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    for (int number : {SIGABRT, SIGALRM, SIGSEGV}) std::signal(number, SIG_DFL);  // not doctest's
    ::dup2(ends[1], STDERR_FILENO);
    thing();
    ::_exit(0);
  }
  ::close(ends[1]);
  Death death;
  std::array<char, 256> buffer{};
  for (ssize_t got = 0; (got = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    death.words.append(buffer.data(), static_cast<size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  death.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return death;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a broken assertion names what was played, by its outermost name") {
  const Death death = death_by([] {
    { const Playing earlier("seed=6"); }
    const Playing playing("seed=7");
    const Playing inner("scenario=x");
    CHECK_INVARIANT(1 + 1 == 3, "arithmetic");
  });
  CHECK(death.signal == SIGABRT);
  CHECK(contains(death.words, "arithmetic"));
  CHECK(contains(death.words, "seed=7 FAIL assertion"));
  CHECK_FALSE(contains(death.words, "seed=6"));
  CHECK_FALSE(contains(death.words, "scenario=x"));
}

TEST_CASE("a play that never ends names itself") {
  const Death death = death_by([] {
    const Playing playing("seed=8", 1);
    for (;;) ::pause();
  });
  CHECK(death.signal == SIGALRM);
  CHECK(contains(death.words, "seed=8 FAIL hang"));
}

TEST_CASE("what happens when nothing is played is nobody's fault") {
  const Death death = death_by([] {
    { const Playing playing("seed=9"); }
    CHECK_INVARIANT(1 + 1 == 3, "arithmetic");
  });
  CHECK(death.signal == SIGABRT);
  CHECK_FALSE(contains(death.words, "seed=9"));
}

}  // namespace stepwell::sim
