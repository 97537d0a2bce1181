// The engine's end of the wire: the real HTTP driver and client on virtual time, over a transport
// on which everything may go wrong.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "api/sdk/http_driver.h"
#include "tests/simulation/host.h"
#include "tests/simulation/wire_codec.h"

namespace stepwell::sim {

class Process;

class WireExecutor final : public sdk::Executor {
 public:
  WireExecutor(Host& host, Process& process) : host_(host), process_(process) {}

  void post(std::function<void()> task) override;
  void offload(std::function<void()> work, std::function<void()> done) override;
  Time now() const override;

 private:
  Host& host_;
  Process& process_;
};

// Carries exchanges to the app and back as bytes, which the real parser reads.
class WireTransport final : public sdk::Transport {
 public:
  WireTransport(Host& host, Process& process) : host_(host), process_(process) {}

  void start(uint64_t id, sdk::Exchange exchange, Done done) override;
  void cancel(uint64_t id) override { open_.erase(id); }

 private:
  void arrived(uint64_t id, const sdk::Exchange& exchange);
  void answered(uint64_t id, const WireAnswer& answer);
  // What comes of the answer on its way, with all that fate does to it.
  sdk::HttpOutcome carry(WireAnswer answer);
  std::string bytes_of(const WireAnswer& answer, size_t length) const;
  sdk::HttpOutcome parse(std::string_view bytes);
  void finish(uint64_t id, sdk::HttpOutcome outcome);

  Host& host_;
  Process& process_;
  std::map<uint64_t, Done> open_;
};

// Of one life of the process.
class WireLink {
 public:
  WireLink(Host& host, Process& process, sdk::HttpDriver::OnReply on_reply);

  core::Driver& driver() { return driver_; }

 private:
  WireExecutor executor_;
  sdk::HttpClient client_;
  sdk::HttpDriver driver_;
};

}  // namespace stepwell::sim
