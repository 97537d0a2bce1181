// A program that runs beside the benchmark, and what it prints.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace stepwell::bench {

class Child {
 public:
  using OnLine = std::function<void(const std::string& line)>;

  // Starts it. `variables` ("NAME=value") are added to its environment, from which those of
  // Stepwell and the SDKs are left out. `on_line` gets each line of its output and its errors, on a
  // thread of its own. Throws if it can't be started.
  Child(std::vector<std::string> arguments, std::vector<std::string> variables, OnLine on_line);
  // Ends it, and waits for its end.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // CPU seconds that it has used so far, all its threads.
  double cpu_seconds() const;

 private:
  void read(int pipe, const OnLine& on_line) const;

  pid_t pid_ = -1;
  std::thread reader_;
};

// The first line that begins with a text, for whoever waits until a program is ready.
class AwaitedLine {
 public:
  explicit AwaitedLine(std::string begin) : begin_(std::move(begin)) {}

  // Any thread.
  void look(const std::string& line);
  // The rest of the line; throws if it has not come within a minute.
  std::string wait();

 private:
  const std::string begin_;
  std::mutex mutex_;
  bool has_come_ = false;  // guarded by mutex_
  std::string rest_;       // guarded by mutex_
  std::condition_variable came_;
};

}  // namespace stepwell::bench
