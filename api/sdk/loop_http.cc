#include "api/sdk/loop_http.h"

#include <utility>

#include "api/sdk/curl_transport.h"
#include "api/sdk/plain_transport.h"
#include "engine/runtime/clock.h"

namespace stepwell::sdk {

void LoopExecutor::post(std::function<void()> task) {
  loop_.post(std::move(task));
}

void LoopExecutor::offload(std::function<void()> work, std::function<void()> done) {
  loop_.offload(std::move(work), std::move(done));
}

Time LoopExecutor::now() const {
  return runtime::wall_clock();
}

HttpTransports loop_transports(server::UvLoop& loop, const HttpClientOptions& options) {
  HttpTransports transports;
  transports.plain = std::make_unique<PlainTransport>(
      loop,
      PlainOptions{.addresses = options.addresses, .connect_timeout = options.connect_timeout});
  transports.tls =
      std::make_unique<CurlTransport>(loop, CurlOptions{.addresses = options.addresses,
                                                        .connect_timeout = options.connect_timeout,
                                                        .ca_file = options.ca_file});
  return transports;
}

}  // namespace stepwell::sdk
