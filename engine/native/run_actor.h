// The calls of one run, one after the other, on whatever worker has time; and the bodies of its
// steps, beside one another.
//
// The loop hands over calls; a worker takes them in turns. While a turn lasts, nobody else touches
// the frame. A body that is alone runs inside the turn that met it; others run as jobs of their own
// and come back as a message, so that their end is a turn too.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>

#include "engine/native/run_frame.h"
#include "engine/native/worker_pool.h"

namespace stepwell::native {

// A function as the driver knows it.
struct RegisteredFunction {
  std::shared_ptr<const detail::FunctionCode> code;
  Determinism determinism = Determinism::kWarn;
  const Stubs* stubs = nullptr;  // outlives the driver's jobs
};

// Where replies go. Called on worker threads, never from inside of Driver::start.
using OnReply = std::function<void(core::Reply)>;

// What all actors of a driver share.
struct Workshop {
  Executor& executor;
  OnReply on_reply;
  Warn warn;
};

class RunActor final : public Job, public std::enable_shared_from_this<RunActor> {
 public:
  RunActor(std::shared_ptr<Workshop> workshop, RegisteredFunction function);

  // Takes a call; its reply goes to the workshop's on_reply. Loop thread.
  void start(core::Call call);

  // Forgets the frame when no body runs any more; calls that wait are not answered. Loop thread.
  void drop();

  // By the executor: takes turns until there is nothing to do.
  void run() override;

 private:
  class BodyJob;
  struct Drop {};
  struct BodyEnded {
    std::shared_ptr<BodyJob> job;
  };
  using Message = std::variant<core::Call, BodyEnded, Drop>;

  enum class Turn { kSoon, kByCaller };  // who sees to it that the message is taken
  void tell(Message message, Turn turn);
  void take_turn(core::Call& call);
  void take_turn(BodyEnded& ended);
  void take_turn(Drop&);
  void build_frame(core::Call& call);
  void call_function(core::Call& call);
  void call_step(core::Call& call);
  void destroy_frame_if_unused();

  std::shared_ptr<Workshop> workshop_;
  RegisteredFunction function_;

  // Guarded by mutex_.
  std::mutex mutex_;
  std::deque<Message> messages_;
  bool is_busy_ = false;  // a turn is being taken
  bool is_scheduled_ = false;
  std::stop_source stop_{std::nostopstate};  // of the frame, while there is one
  bool is_dropped_ = false;

  // Only in turns.
  std::unique_ptr<detail::RunFrame> frame_;
};

}  // namespace stepwell::native
