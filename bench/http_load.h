// A load of keep-alive HTTP requests from one thread: every connection has one request under way.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace stepwell::bench {

struct LoadResult {
  double seconds = 0;
  uint64_t answered = 0;       // with 200
  uint64_t refused = 0;        // with 429 or 503, and when to try again (Retry-After)
  uint64_t wrong = 0;          // with anything else
  std::vector<double> millis;  // of each answered request
};

struct LoadPlan {
  int connections = 1;
  uint64_t requests = UINT64_MAX;  // ends after so many,
  double seconds = 1e9;            // or when this time is over
  // Called about once a second.
  std::function<void()> on_second = [] {};
};

// `body(i)`: of the i-th request, sent to `path` on 127.0.0.1:port.
LoadResult run_load(uint16_t port, const std::string& path, const LoadPlan& plan,
                    const std::function<const std::string&(uint64_t)>& body);

}  // namespace stepwell::bench
