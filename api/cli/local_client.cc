// The engine on a file in this process, for when no server runs. It is a whole server, on a port of
// the loopback that only this process has the keys for: what is asked of it takes the same way as
// over the network, so that a cancel or a rerun means the same.
#include <fmt/core.h>

#include "api/cli/client.h"
#include "api/server/host.h"
#include "schema/encoding.h"
#include "schema/entropy.h"
#include "storage/sqlite/sqlite_journal.h"

namespace stepwell::cli {
namespace {

std::string random_key() {
  std::string text;
  for (int i = 0; i < 4; ++i) text += std::to_string(entropy_seed()) + " ";
  return sha256_hex(text);
}

class LocalClient final : public Client {
 public:
  LocalClient(std::string path, std::unique_ptr<server::Host> host, std::unique_ptr<Client> http)
      : path_(std::move(path)), host_(std::move(host)), http_(std::move(http)) {}

  Result<Reply> request(const std::string& method, const std::string& path, const std::string& body,
                        Patience patience) override {
    return http_->request(method, path, body, patience);
  }
  Result<Reply> stream(const std::string& path, const OnEvents& on_events) override {
    return http_->stream(path, on_events);
  }
  std::string event_key() const override { return http_->event_key(); }
  std::string key_source(KeyKind kind) const override { return http_->key_source(kind); }
  std::string where() const override { return "file " + path_; }

 private:
  std::string path_;
  std::unique_ptr<server::Host> host_;
  std::unique_ptr<Client> http_;  // goes first
};

}  // namespace

Result<std::unique_ptr<Client>> open_local_client(const std::string& path) {
  auto journal = storage::open_sqlite_journal({.path = path, .create = false});
  if (!journal) {
    // What is wrong is the file, not the command line.
    if (journal.error().code == ErrorCode::kInvalid) {
      return Error{ErrorCode::kIo, journal.error().message};
    }
    if (journal.error().code != ErrorCode::kConflict) return journal.error();
    return Error{ErrorCode::kConflict,
                 journal.error().message + ". To ask that server, use --url instead of --db"};
  }
  const std::string event_key = random_key();
  const std::string signing_key = random_key();
  server::HostOptions options;
  options.service = {.mode = server::Mode::kServe,
                     .event_keys = {event_key},
                     .signing_keys = {signing_key},
                     .port = 0};
  options.journal = std::move(*journal);
  Result<std::unique_ptr<server::Host>> host = server::Host::start(std::move(options));
  if (!host) return host.error();
  if (const Result<void> recovered = (**host).wait_until_serving(); !recovered) {
    return recovered.error();
  }
  Result<std::unique_ptr<Client>> http =
      make_http_client({.url = fmt::format("http://127.0.0.1:{}", (**host).port()),
                        .signing_key = signing_key,
                        .event_key = event_key});
  if (!http) return http.error();
  return std::unique_ptr<Client>(
      std::make_unique<LocalClient>(path, std::move(*host), std::move(*http)));
}

}  // namespace stepwell::cli
