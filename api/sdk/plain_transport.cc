#include "api/sdk/plain_transport.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace stepwell::sdk {
namespace {

constexpr Milliseconds kSafety{1'000};  // a connection is dropped so long before its server does

std::string request_bytes(const Exchange& exchange) {
  std::string bytes = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", exchange.method,
                                  exchange.url.target, exchange.url.authority());
  for (const auto& [name, value] : exchange.headers) {
    bytes.append(name).append(": ").append(value).append("\r\n");
  }
  const bool may_lack_body = exchange.method == "GET" || exchange.method == "HEAD";
  if (!exchange.body.empty() || !may_lack_body) {
    bytes += fmt::format("Content-Length: {}\r\n", exchange.body.size());
  }
  bytes.append("\r\n").append(exchange.body);
  return bytes;
}

std::optional<sockaddr_storage> literal_address(const std::string& host) {
  sockaddr_storage storage{};
  auto& ip4 = reinterpret_cast<sockaddr_in&>(storage);
  if (inet_pton(AF_INET, host.c_str(), &ip4.sin_addr) == 1) {
    ip4.sin_family = AF_INET;
    return storage;
  }
  auto& ip6 = reinterpret_cast<sockaddr_in6&>(storage);
  if (inet_pton(AF_INET6, host.c_str(), &ip6.sin6_addr) == 1) {
    ip6.sin6_family = AF_INET6;
    return storage;
  }
  return std::nullopt;
}

void set_port(sockaddr_storage& address, uint16_t port) {
  if (address.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(address).sin_port = htons(port);
  }
}

}  // namespace

struct PlainTransport::Job {
  Exchange exchange;
  Done done;
  std::unique_ptr<PlainConnection> connection;
};

PlainTransport::PlainTransport(server::UvLoop& loop, PlainOptions options)
    : loop_(loop), options_(options) {}

PlainTransport::~PlainTransport() = default;

size_t PlainTransport::idle_connections() const {
  size_t count = 0;
  for (const auto& [origin, connections] : idle_) count += connections.size();
  return count;
}

void PlainTransport::post(std::function<void()> task) {
  loop_.post([alive = std::weak_ptr<char>(alive_), task = std::move(task)] {
    if (!alive.expired()) task();
  });
}

void PlainTransport::start(uint64_t id, Exchange exchange, Done done) {
  auto job = std::make_unique<Job>(Job{std::move(exchange), std::move(done), nullptr});
  job->connection = take_idle(job->exchange.url.origin());
  const bool has_connection = job->connection != nullptr;
  jobs_.emplace(id, std::move(job));
  if (has_connection) return begin(id);
  resolve(id);
}

void PlainTransport::cancel(uint64_t id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  if (found->second->connection) bury(std::move(found->second->connection));
  jobs_.erase(found);
}

void PlainTransport::resolve(uint64_t id) {
  const std::string host = jobs_.at(id)->exchange.url.host;
  if (const auto address = literal_address(host)) return connect(id, {*address});
  std::vector<uint64_t>& waiting = looked_up_[host];
  waiting.push_back(id);
  if (waiting.size() > 1) return;  // one look-up is for all who ask meanwhile
  loop_.look_up(host, [this, host, alive = std::weak_ptr<char>(alive_)](Result<Addresses> found) {
    if (alive.expired()) return;
    const std::vector<uint64_t> jobs = std::move(looked_up_.extract(host).mapped());
    for (const uint64_t asking : jobs) {
      if (alive.expired()) return;
      if (jobs_.contains(asking)) resolved(asking, found);
    }
  });
}

void PlainTransport::resolved(uint64_t id, const Result<Addresses>& found) {
  if (found) return connect(id, *found);
  fail_soon(id, {HttpFailure::Kind::kUnreachable, found.error().message});
}

void PlainTransport::connect(uint64_t id, Addresses addresses) {
  Job& job = *jobs_.at(id);
  for (sockaddr_storage& address : addresses) {
    set_port(address, job.exchange.url.port);
    const Result<void> allowed =
        check_address(reinterpret_cast<const sockaddr&>(address), options_.addresses);
    // One bad address condemns the name: an honest one has no mixture.
    if (!allowed) return fail_soon(id, {HttpFailure::Kind::kDenied, allowed.error().message});
  }
  job.connection =
      std::make_unique<PlainConnection>(loop_, job.exchange.url.origin(), options_.stale_within);
  job.connection->connect(
      std::move(addresses), options_.connect_timeout, [this, id](std::string failure) {
        if (failure.empty()) return begin(id);
        finish(id, HttpFailure{HttpFailure::Kind::kUnreachable, "no connection: " + failure});
      });
}

void PlainTransport::begin(uint64_t id) {
  Job& job = *jobs_.at(id);
  job.connection->exchange(
      request_bytes(job.exchange), job.exchange.method == "HEAD", job.exchange.response_bytes_max,
      job.exchange.timeout,
      [this, id](PlainConnection::Result result) { done(id, std::move(result)); });
}

void PlainTransport::done(uint64_t id, PlainConnection::Result result) {
  Job& job = *jobs_.at(id);
  if (result.is_stale) {
    bury(std::move(job.connection));
    return resolve(id);  // with a new connection, so this happens once
  }
  if (result.is_reusable) keep(std::move(job.connection));
  if (auto* response = std::get_if<HttpResponse>(&result.outcome)) response->url = job.exchange.url;
  finish(id, std::move(result.outcome));
}

void PlainTransport::fail_soon(uint64_t id, HttpFailure failure) {
  post([this, id, failure = std::move(failure)] { finish(id, failure); });
}

void PlainTransport::finish(uint64_t id, HttpOutcome outcome) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  const std::unique_ptr<Job> job = std::move(found->second);
  jobs_.erase(found);
  if (job->connection) bury(std::move(job->connection));
  job->done(std::move(outcome));
}

std::unique_ptr<PlainConnection> PlainTransport::take_idle(const std::string& origin) {
  const auto found = idle_.find(origin);
  if (found == idle_.end()) return nullptr;
  std::unique_ptr<PlainConnection> connection = std::move(found->second.back());
  found->second.pop_back();
  if (found->second.empty()) idle_.erase(found);
  return connection;
}

void PlainTransport::keep(std::unique_ptr<PlainConnection> connection) {
  Milliseconds timeout = options_.unnamed_idle_timeout;
  if (const auto named = connection->server_idle_timeout()) {
    timeout = std::min(*named - kSafety, options_.idle_timeout);
  }
  std::vector<std::unique_ptr<PlainConnection>>& kept = idle_[connection->origin()];
  if (timeout <= Milliseconds(0) || kept.size() >= options_.idle_per_origin_max) {
    if (kept.empty()) idle_.erase(connection->origin());
    return bury(std::move(connection));
  }
  PlainConnection* raw = connection.get();
  raw->wait_idle(timeout, [this, raw] { idle_ended(raw); });
  kept.push_back(std::move(connection));
}

void PlainTransport::idle_ended(PlainConnection* connection) {
  const auto found = idle_.find(connection->origin());
  if (found == idle_.end()) return;
  auto& kept = found->second;
  const auto place = std::find_if(kept.begin(), kept.end(), [&](const auto& candidate) {
    return candidate.get() == connection;
  });
  if (place == kept.end()) return;
  bury(std::move(*place));
  kept.erase(place);
  if (kept.empty()) idle_.erase(found);
}

void PlainTransport::bury(std::unique_ptr<PlainConnection> connection) {
  connection->abandon();
  loop_.post([buried = std::shared_ptr<PlainConnection>(std::move(connection))] {});
}

}  // namespace stepwell::sdk
