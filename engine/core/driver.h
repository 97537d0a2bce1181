// The seam behind which user code runs. Implementations: engine/native (coroutines in this
// process), an HTTP driver for SDKs, and the simulator's.
#pragma once

#include "engine/core/call.h"

namespace stepwell::core {

class Driver {
 public:
  virtual ~Driver() = default;

  // Runs the call and later hands its one Reply to whoever made the driver (never from inside
  // start). Loop thread only; must not block.
  //
  // Calls of one run: at most one kFunction call is under way at a time; kStep calls may be under
  // way beside it and beside each other. A hot call (is_cold false) continues from the frame that
  // the run's earlier calls left or are just making; the core makes hot calls only between a cold
  // one and drop(). A cold kStep call brings the whole memo: the driver rebuilds the frame by
  // replay, runs the target's body, and keeps the frame for what follows.
  virtual void start(Call call) = 0;

  // The run ended, was cancelled, or (if the driver keeps frames) leaves memory or threw: forget
  // its frame once no body of it runs any more. Replies to calls of a run that ended are ignored by
  // the core. Loop thread only.
  virtual void drop(RunNo run) = 0;

  // The same for every run: the core starts again from the journal, and replies to calls that were
  // made before mean nothing to it. Loop thread only.
  virtual void drop_all() = 0;
};

}  // namespace stepwell::core
