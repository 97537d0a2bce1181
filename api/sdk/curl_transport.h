// HTTP/1.1 over TLS, by libcurl on the loop.
#pragma once

#include <memory>
#include <string>

#include "api/sdk/address_policy.h"
#include "api/sdk/transport.h"
#include "api/server/uv_loop.h"

namespace stepwell::sdk {

struct CurlOptions {
  AddressPolicy addresses;
  Milliseconds connect_timeout{10'000};
  Milliseconds idle_timeout{30'000};
  Milliseconds stale_within{1'000};  // as in PlainOptions
  std::string ca_file;  // empty: the system's
};

class CurlTransport final : public Transport {
 public:
  CurlTransport(server::UvLoop& loop, CurlOptions options);
  ~CurlTransport() override;

  void start(uint64_t id, Exchange exchange, Done done) override;
  void cancel(uint64_t id) override;

 private:
  class Impl;  // so that this header needs no libcurl
  std::unique_ptr<Impl> impl_;
};

}  // namespace stepwell::sdk
