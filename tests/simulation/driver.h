// The simulator's driver of native functions: interprets programs as the real one runs code, which
// keeps a frame while it is hot.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "engine/core/driver.h"
#include "tests/simulation/body.h"
#include "tests/simulation/host.h"
#include "tests/simulation/interpreter.h"

namespace stepwell::sim {

class Process;

class SimDriver : public core::Driver {
 public:
  SimDriver(Host& host, Process& process) : host_(host), process_(process), bodies_(host) {}

  void start(core::Call call) override;
  void drop(RunNo run) override;
  void drop_all() override { frames_.clear(); }

  // Hands a reply to the engine, of whichever driver: later, and sometimes strangely.
  void answer(core::Reply reply);

 private:
  struct Frame {
    std::vector<core::MemoEntry> memo;  // in the order in which it came
    size_t published = 0;               // messages outside of steps that left already
  };
  // What a call has to work with.
  struct Work {
    core::Call call;
    std::vector<core::MemoEntry> memo;
    std::set<StepKey> pending;
  };

  Frame& frame_of(const core::Call& call);
  void run_function(const Work& work);
  void run_step(const Work& work);
  void run_body(const Work& work, const Statement& statement, StepOp op, core::Reply reply,
                int attempt);
  // The answer comes again, or answers come that nobody asked for.
  void answer_strangely(const core::Reply& reply);
  void submit_later(core::Reply reply);
  core::Reply reply_to(const Work& work) const;

  Host& host_;
  Process& process_;
  BodyRunner bodies_;
  std::map<RunNo, Frame> frames_;
};

}  // namespace stepwell::sim
