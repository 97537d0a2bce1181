#include "tests/simulation/wire.h"

#include <algorithm>
#include <iterator>

namespace stepwell::sim {

bool WireOptions::is_lossy() const {
  return std::any_of(std::begin(kWireSites), std::end(kWireSites),
                     [this](const WireSite& site) { return rates.*site.rate > 0; });
}

}  // namespace stepwell::sim
