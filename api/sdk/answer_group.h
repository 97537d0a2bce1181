// What apps answer goes into the engine in groups. A commit syncs the disk and wakes threads
// whatever it holds, and an app that is busy answers its calls one after the other: each would have
// a commit of its own. So an answer waits a moment for others, a small part of the time that it
// took.
#pragma once

#include <functional>
#include <vector>

#include "api/server/uv_loop.h"
#include "schema/time.h"

namespace stepwell::sdk {

// How long an answer may wait whose call took so long: a twentieth of it, in whole milliseconds, at
// most ten. So a quick one does not wait at all.
Duration patience_of(Duration took);

// Loop thread only.
class AnswerGroup {
 public:
  using Task = std::function<void()>;

  // The loop must outlive it. What waits when it is destroyed never runs, as if the process had
  // ended before the app answered.
  explicit AnswerGroup(server::UvLoop& loop);

  // Runs `task`, which hands an answer to the engine: when its patience, or that of another that
  // waits, is over, all of them run, in the order in which they came. At once if `is_last`: there
  // is no other call under way, so nothing to wait for. `took`: the time since the app was called,
  // or since it reported last.
  void add(Duration took, bool is_last, Task task);

 private:
  void run();

  std::vector<Task> waiting_;
  server::SteadyTime until_{};  // when the first of them loses patience
  server::Timer timer_;
};

}  // namespace stepwell::sdk
