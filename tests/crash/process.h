// A child process that can be killed, stopped and started again.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace stepwell::crash {

class Process {
 public:
  Process() = default;
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Its output goes to the file `log`, behind what is there.
  void start(const std::vector<std::string>& command, const std::string& log);
  bool is_running();
  // SIGKILL, and waits until it is gone.
  void kill();
  // SIGSTOP, and waits until it stands still; SIGCONT.
  void freeze();
  void thaw();
  // SIGTERM; the exit code.
  int stop();
  // Until it ends by itself; the exit code.
  int wait();

 private:
  pid_t pid_ = 0;
};

}  // namespace stepwell::crash
