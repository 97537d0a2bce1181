// How handlers reach the engine: they submit inputs, ask the journal, or hand heavy work to the
// pool, and are called back on the server's loop. The engine may run on this loop or on another.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/server/response.h"
#include "api/server/uv_loop.h"
#include "engine/runtime/runtime.h"

namespace stepwell::server {

// The status that a failure of the engine or the journal has.
int status_of(ErrorCode code);
// {"error":…,"status":…}; with Retry-After when it is worth trying again.
Response failure(const Error& error);

// Loop thread only. What it calls back is independent of the gateway's life.
class Gateway {
 public:
  using Answered = std::function<void(core::Answer)>;
  using Query = std::function<Result<std::string>(storage::JournalReader&)>;
  using Finish = std::function<Response(std::string)>;

  // Both outlive the gateway and whatever it started.
  Gateway(UvLoop& loop, runtime::Runtime& runtime) : loop_(loop), runtime_(runtime) {}

  // `answered` runs on the loop, after the commit on which the answer depends. Never, if the engine
  // fails: a Responder that it holds then closes its connection.
  void submit(core::Input input, Answered answered);

  // Runs `query` on a reading thread and answers with what `finish` makes of its text, or with the
  // failure. Both must be independent of the loop. Any thread.
  void answer_query(const Responder& responder, Query query, Finish finish);

  // Runs `look` on the engine's loop thread with its core, or with null when it is not serving.
  using Look = std::function<void(const core::Core*)>;
  void look_into_core(Look look);

  UvLoop& loop() { return loop_; }
  runtime::Runtime& runtime() { return runtime_; }

 private:
  UvLoop& loop_;
  runtime::Runtime& runtime_;
};

}  // namespace stepwell::server
