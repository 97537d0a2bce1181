// A runtime on a plain loop that the test itself runs, with functions that are lists of steps.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/plain_loop.h"
#include "engine/runtime/runtime.h"
#include "storage/memory/memory_journal.h"

namespace stepwell::runtime::testing {

// Runs functions whose code is: meet these steps one after the other, then return "done". Loop
// thread only.
class ScriptedDriver : public core::Driver {
 public:
  void start(core::Call call) override;
  void drop(RunNo run) override { memos_.erase(run); }
  void drop_all() override {
    ++drops;
    memos_.clear();
    held.clear();
  }

  // The steps of each function, by its slug.
  std::map<std::string, std::vector<StepOp>> scripts;
  std::function<void(core::Reply)> on_reply;
  std::function<void()> on_call;  // before it is answered
  std::vector<core::Call> calls;  // all of them
  bool is_holding = false;        // calls are kept instead of answered
  std::vector<core::Call> held;
  int drops = 0;
  // How often each step's result was handed to the engine, by the step's id.
  std::map<std::string, int> bodies;

 private:
  void answer(const core::Call& call);

  std::map<RunNo, size_t> memos_;
};

// Where the journal is; open() is a new process that looks at the same content.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual std::unique_ptr<storage::Journal> open() = 0;
};

class MemoryDisk : public Disk {
 public:
  std::unique_ptr<storage::Journal> open() override;
  // The one opened last. Its faults are set from the loop thread; it crashes when its engine is
  // gone.
  storage::MemoryJournal* last = nullptr;

 private:
  storage::MemoryJournal content_;
  std::vector<std::unique_ptr<storage::MemoryJournal>> opened_;
};

class SqliteDisk : public Disk {
 public:
  SqliteDisk();
  ~SqliteDisk() override;
  std::unique_ptr<storage::Journal> open() override;

 private:
  std::string folder_;
};

class Engine {
 public:
  explicit Engine(std::unique_ptr<storage::Journal> journal, RuntimeOptions options = {});
  ~Engine() { runtime.reset(); }

  // Recovers; what went wrong, if something did.
  Result<void> start();
  // The same, and registers the functions of the driver's scripts: each triggered by "go/<slug>".
  void serve();
  core::Answer ask(core::Input input);
  void stop();
  // Runs the loop until it holds; what happens wakes the loop.
  template <typename Condition>
  void run_until(const Condition& holds) {
    while (!holds()) loop.run();
  }
  // Runs what is posted.
  void turn();
  void wait_for_ends(size_t count) {
    run_until([&] { return ends.size() >= count; });
  }
  core::Answer send(const std::string& name, const std::string& id = "");

  PlainLoop loop;
  ScriptedDriver driver;
  std::unique_ptr<Runtime> runtime;
  std::vector<core::RunEnded> ends;
  std::vector<std::string> published;  // the data of the messages
  std::optional<storage::CommitOutcome> fatal;
};

core::AcceptEvents event(std::string name, std::string id = "", std::string data = "{}");
StepOp step(std::string id, decltype(StepOp::body) body);
// A step that returns `data` and publishes it.
StepOp body_of(std::string id, std::string data);
StepOp sleep_for(std::string id, Duration duration);

}  // namespace stepwell::runtime::testing
