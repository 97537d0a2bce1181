// Waiting until the journal shows what a workload has set up.
#pragma once

#include <stepwell/stepwell.h>

#include <cstdint>

namespace stepwell::bench {

// Until so many steps are registered and not resolved.
void wait_for_pending(Engine& engine, uint64_t count);

}  // namespace stepwell::bench
