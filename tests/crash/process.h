// A child process that can be killed, stopped and started again.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace stepwell::crash {

// The exit code of crash-app when another process has the database.
inline constexpr int kFileInUse = 3;

class Process {
 public:
  Process() = default;
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Its output goes to the file `log`, behind what is there.
  void start(const std::vector<std::string>& command, const std::string& log);
  bool is_running();
  // 0 when there is none.
  pid_t id() const { return pid_; }
  // SIGKILL, and waits until it is gone.
  void kill();
  // SIGSTOP, and waits until it stands still; SIGCONT.
  void freeze();
  void thaw();
  // SIGTERM; the exit code, as wait() has it.
  int stop(std::chrono::seconds patience);
  // Until it ends by itself; the exit code, or 128 and the number of the signal. Who does not end
  // in time gets SIGABRT, so that there is a core to look at.
  int wait(std::chrono::seconds patience);

 private:
  pid_t pid_ = 0;
};

}  // namespace stepwell::crash
