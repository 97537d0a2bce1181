#include "bench/journal_watch.h"

#include <chrono>
#include <thread>

#include "api/embedded/engine_impl.h"

namespace stepwell::bench {

void wait_for_pending(Engine& engine, uint64_t count) {
  uint64_t pending = 0;
  while (pending < count) {
    engine.impl().query([&](storage::JournalReader& reader) {
      auto stats = reader.stats();
      if (stats) pending = stats->pending_steps;
    });
    if (pending < count) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace stepwell::bench
