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
  uint64_t refused = 0;        // with anything else
  std::vector<double> millis;  // of each answered request
};

// `body(i)`: of the i-th request. Sends `requests` of them to `path` on 127.0.0.1:port.
LoadResult run_load(uint16_t port, const std::string& path, int connections, uint64_t requests,
                    const std::function<const std::string&(uint64_t)>& body);

}  // namespace stepwell::bench
