// The simulator's driver: interprets programs as a real driver runs code. Native functions keep a
// frame while they are hot; functions behind an endpoint know nothing but what a call brings.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "engine/core/driver.h"
#include "tests/simulation/host.h"
#include "tests/simulation/interpreter.h"

namespace stepwell::sim {

class Process;

class SimDriver : public core::Driver {
 public:
  SimDriver(Host& host, Process& process) : host_(host), process_(process) {}

  void start(core::Call call) override;
  void drop(RunNo run) override;
  void drop_all() override { frames_.clear(); }

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
    bool is_native = true;
    bool checkpoints = false;
  };

  Frame& frame_of(const core::Call& call);
  void run_function(const Work& work);
  void run_step(const Work& work);
  void run_body(const Work& work, const Statement& statement, StepOp op, core::Reply reply,
                int attempt);
  // Tells of a step that its code ran, and lets the code go on in the same call.
  void checkpoint(const Work& work, const StepOp& op);
  StepOp body_ended(const Statement& statement, StepOp op, int attempt);
  void answer(core::Reply reply, bool is_native);
  // The answer comes again, or answers come that nobody asked for.
  void answer_strangely(const core::Reply& reply);
  void submit_later(core::Reply reply);
  core::Reply reply_to(const Work& work) const;

  Host& host_;
  Process& process_;
  std::map<RunNo, Frame> frames_;
};

}  // namespace stepwell::sim
