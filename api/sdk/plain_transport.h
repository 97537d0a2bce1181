// HTTP/1.1 over plain TCP, with a pool of kept connections for each origin.
#pragma once

#include <netinet/in.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/sdk/address_policy.h"
#include "api/sdk/plain_connection.h"
#include "api/sdk/transport.h"
#include "api/server/uv_loop.h"

namespace stepwell::sdk {

struct PlainOptions {
  AddressPolicy addresses;
  Milliseconds connect_timeout{10'000};  // for each address of a name
  Milliseconds idle_timeout{30'000};     // at most; less where the server says so
  // A server that does not say how long it keeps a connection: the usual ones keep it 5 s or more.
  Milliseconds unnamed_idle_timeout{4'000};
  // A kept connection that ends so soon after a request was sent had been closed before the request
  // came: it is sent again on another one. One that ends later may have been acted upon.
  Milliseconds stale_within{1'000};
  size_t idle_per_origin_max = 64;
};

class PlainTransport final : public Transport {
 public:
  PlainTransport(server::UvLoop& loop, PlainOptions options);
  ~PlainTransport() override;

  void start(uint64_t id, Exchange exchange, Done done) override;
  void cancel(uint64_t id) override;

  size_t idle_connections() const;

 private:
  struct Job;  // an exchange under way

  using Addresses = server::UvLoop::Addresses;

  void resolve(uint64_t id);
  void resolved(uint64_t id, const Result<Addresses>& found);
  void connect(uint64_t id, Addresses addresses);
  void begin(uint64_t id);
  void done(uint64_t id, PlainConnection::Result result);
  void fail_soon(uint64_t id, HttpFailure failure);
  void finish(uint64_t id, HttpOutcome outcome);
  std::unique_ptr<PlainConnection> take_idle(const std::string& origin);
  void keep(std::unique_ptr<PlainConnection> connection);
  void idle_ended(PlainConnection* connection);
  // Destroys it, though it may be what is calling.
  void bury(std::unique_ptr<PlainConnection> connection);
  void post(std::function<void()> task);

  server::UvLoop& loop_;
  PlainOptions options_;
  std::unordered_map<uint64_t, std::unique_ptr<Job>> jobs_;
  std::map<std::string, std::vector<uint64_t>> looked_up_;  // by host: the jobs that wait for it
  // The one used last is used first, so that those too many become old.
  std::map<std::string, std::vector<std::unique_ptr<PlainConnection>>> idle_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // what is posted looks at it
};

}  // namespace stepwell::sdk
