// One TCP connection to a server of HTTP/1.1: connects, carries one exchange at a time.
#pragma once

#include <netinet/in.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/sdk/response_parser.h"
#include "api/sdk/transport.h"
#include "api/server/uv_loop.h"

namespace stepwell::sdk {

// Loop thread only. Calls nothing from inside its methods; whoever is called must not destroy it
// there.
class PlainConnection {
 public:
  struct Result {
    HttpOutcome outcome;
    bool is_reusable = false;
    // It had been idle, and ended before a byte of the response came, and so soon that the server
    // must have closed it while the request was on its way: nobody has acted on the request, and it
    // may be sent again. Later than that, the server may have died at work on it.
    bool is_stale = false;
  };
  using OnDone = std::function<void(Result)>;

  // `stale_within`: how soon after sending the end of a connection is that of an idle one.
  PlainConnection(server::UvLoop& loop, std::string origin, Milliseconds stale_within);
  // Closes it; nothing is called any more.
  ~PlainConnection();
  PlainConnection(const PlainConnection&) = delete;
  PlainConnection& operator=(const PlainConnection&) = delete;

  // Connects to the first of the addresses that answers. `on_connected` gets an empty text, or why
  // none did.
  void connect(std::vector<sockaddr_storage> addresses, Milliseconds timeout_each,
               std::function<void(std::string)> on_connected);

  void exchange(std::string bytes, bool has_no_body, size_t response_bytes_max,
                Milliseconds timeout, OnDone on_done);

  // Between exchanges: `on_idle_end` is called when the server closes it or `timeout` is over.
  void wait_idle(Milliseconds timeout, std::function<void()> on_idle_end);

  // Closes the socket; nothing is called any more. It can't be used again.
  void abandon();

  const std::string& origin() const { return origin_; }
  // How long the server keeps it when idle, as its last response said.
  std::optional<Milliseconds> server_idle_timeout() const { return server_idle_timeout_; }

 private:
  struct State;  // lives until libuv has closed the handle

  void try_next_address();
  void address_failed(int code);
  void start_reading();
  void write(std::string bytes);
  void read(std::string_view bytes);
  void ended(int code);
  void timed_out();
  void complete(ResponseParser::Event event);
  void fail(HttpFailure::Kind kind, std::string message);
  void finish(Result result);

  enum class Phase { kNew, kConnecting, kExchange, kIdle, kDone };

  server::UvLoop& loop_;
  std::string origin_;
  State* state_;
  server::Timer timer_;
  Phase phase_ = Phase::kNew;
  std::vector<sockaddr_storage> addresses_;
  size_t next_address_ = 0;
  Milliseconds connect_timeout_{0};
  int connect_code_ = 0;  // what the timer means
  std::string connect_problem_;
  std::function<void(std::string)> on_connected_;
  std::function<void()> on_idle_end_;
  OnDone on_done_;
  std::unique_ptr<ResponseParser> parser_;
  Milliseconds timeout_{0};
  size_t response_bytes_max_ = 0;
  bool has_received_ = false;  // a byte of the response at hand
  bool was_idle_ = false;
  Milliseconds stale_within_;
  uint64_t sent_at_ = 0;  // on the loop's clock
  std::optional<Milliseconds> server_idle_timeout_;
};

}  // namespace stepwell::sdk
