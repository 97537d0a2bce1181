// HTTP on a server's loop: what an HttpClient is made of there.
#pragma once

#include "api/sdk/executor.h"
#include "api/sdk/http_client.h"
#include "api/server/uv_loop.h"

namespace stepwell::sdk {

// The loop must outlive it.
class LoopExecutor final : public Executor {
 public:
  explicit LoopExecutor(server::UvLoop& loop) : loop_(loop) {}

  void post(std::function<void()> task) override;
  void offload(std::function<void()> work, std::function<void()> done) override;
  Time now() const override;

 private:
  server::UvLoop& loop_;
};

// Over TCP and TLS, to addresses that the options allow.
HttpTransports loop_transports(server::UvLoop& loop, const HttpClientOptions& options);

}  // namespace stepwell::sdk
