// The callbacks of one subscription in this process: called until it has ended, never behind that.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "engine/realtime/hub.h"
#include "stepwell/engine.h"

namespace stepwell::detail {

class Listener {
 public:
  using OnMessage = std::function<void(const Message&)>;
  using OnGap = std::function<void(std::optional<uint64_t> missed)>;
  using Warn = std::function<void(const std::string& line)>;

  // `warn` is told what the callbacks throw.
  Listener(OnMessage on_message, OnGap on_gap, Warn warn);

  // Calls whom it concerns. False if it has ended, also meanwhile. Loop thread.
  bool tell(const realtime::Delivery& delivery);

  // From now on nobody is called. Waits for a callback under way, unless that is who ends it. Any
  // thread.
  void end();

 private:
  void call(const realtime::Delivery& delivery);

  // Held while a callback runs; it may end its own subscription.
  std::recursive_mutex mutex_;
  OnMessage on_message_;
  OnGap on_gap_;
  const Warn warn_;
  bool is_calling_ = false;
  bool has_ended_ = false;
};

}  // namespace stepwell::detail
