#include "bench/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>

extern char** environ;

namespace stepwell::bench {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment(std::vector<std::string> added) {
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (text.starts_with("STEPWELL_") || text.starts_with("INNGEST_")) continue;
    added.emplace_back(text);
  }
  return added;
}

}  // namespace

Child::Child(std::vector<std::string> arguments, std::vector<std::string> variables,
             OnLine on_line) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::vector<std::string> all = environment(std::move(variables));
  const int code = posix_spawn(&pid_, arguments[0].c_str(), &actions, nullptr,
                               pointers(arguments).data(), pointers(all).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (code != 0) {
    close(ends[0]);
    throw std::runtime_error(arguments[0] + " can't be started");
  }
  reader_ =
      std::thread([this, end = ends[0], on_line = std::move(on_line)] { read(end, on_line); });
}

Child::~Child() {
  kill(pid_, SIGTERM);
  reader_.join();  // its output ends when it does
  waitpid(pid_, nullptr, 0);
}

void Child::read(int pipe, const OnLine& on_line) const {
  std::string text;
  char buffer[4096];
  while (true) {
    const ssize_t count = ::read(pipe, buffer, sizeof(buffer));
    if (count <= 0) break;
    text.append(buffer, static_cast<size_t>(count));
    size_t begin = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
      on_line(text.substr(begin, end - begin));
      begin = end + 1;
    }
    text.erase(0, begin);
  }
  close(pipe);
}

double Child::cpu_seconds() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
  std::string text;
  std::getline(file, text);
  // Fields 14 and 15, counted from the name in brackets, which is the second.
  std::istringstream rest(text.substr(text.rfind(')') + 1));
  std::string field;
  double ticks = 0;
  for (int i = 3; i <= 15 && rest >> field; ++i) {
    if (i >= 14) ticks += std::stod(field);
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void AwaitedLine::look(const std::string& line) {
  if (!line.starts_with(begin_)) return;
  std::lock_guard lock(mutex_);
  if (has_come_) return;
  has_come_ = true;
  rest_ = line.substr(begin_.size());
  came_.notify_all();
}

std::string AwaitedLine::wait() {
  std::unique_lock lock(mutex_);
  if (!came_.wait_for(lock, std::chrono::minutes(1), [this] { return has_come_; })) {
    throw std::runtime_error("\"" + begin_ + "\" was never said");
  }
  return rest_;
}

}  // namespace stepwell::bench
