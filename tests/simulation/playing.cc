#include "tests/simulation/playing.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>

namespace stepwell::sim {
namespace {

constexpr std::array kSignals = {SIGABRT, SIGALRM, SIGSEGV};
constexpr size_t kNameMax = 2048;

// A handler of signals is handed nothing, and may touch only what is never half changed.
char name_of_play[kNameMax];
volatile std::sig_atomic_t name_bytes = 0;
struct sigaction handlers_before[kSignals.size()];

void say(std::string_view text) {
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // nobody is left to be told
}

void restore_handlers() {
  for (size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &handlers_before[i], nullptr);
  }
}

// Says it; then the process dies as it would have. What a bad access does is done again.
extern "C" void died(int number) {
  say({name_of_play, static_cast<size_t>(name_bytes)});
  say(number == SIGALRM   ? " FAIL hang: it does not come to an end\n"
      : number == SIGSEGV ? " FAIL assertion: it touches memory that is not its own\n"
                          : " FAIL assertion: the process gives up\n");
  restore_handlers();
  if (number != SIGSEGV) ::raise(number);
}

}  // namespace

Playing::Playing(std::string_view name, unsigned seconds) : is_outermost_(name_bytes == 0) {
  if (!is_outermost_) return;
  const size_t bytes = name.size() < kNameMax ? name.size() : kNameMax;
  std::memcpy(name_of_play, name.data(), bytes);
  name_bytes = static_cast<std::sig_atomic_t>(bytes);
  struct sigaction action {};
  action.sa_handler = died;
  for (size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &action, &handlers_before[i]);
  }
  ::alarm(seconds);
}

Playing::~Playing() {
  if (!is_outermost_) return;
  ::alarm(0);
  restore_handlers();
  name_bytes = 0;
}

}  // namespace stepwell::sim
