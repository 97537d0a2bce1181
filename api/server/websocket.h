// A WebSocket (RFC 6455) on an upgraded connection. No extensions and no subprotocols: offers of
// them are ignored.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "api/server/request.h"
#include "api/server/response.h"
#include "api/server/websocket_protocol.h"

namespace stepwell::server {

// Why a WebSocket is closed, as the client reads it (RFC 6455, 7.4.1).
enum class CloseCode : uint16_t { kNormal = 1000, kGoingAway = 1001, kPolicy = 1008 };

// Loop thread only. Closes when it is destroyed; not to be destroyed from inside a callback.
class WebSocket {
 public:
  struct Options {
    size_t message_bytes_max = 32 * 1024;  // of what a client sends; over it: close code 1009
  };
  struct Callbacks {
    std::function<void(std::string_view)> on_text;  // a message; binary ones are ignored
    std::function<void()> on_room;                  // has_room() was found false, and is true again
    std::function<void()> on_close;                 // it is over, whoever ended it but close()
    std::function<void()> on_stop;                  // the server stops: say a last word and close()
  };

  // What to answer to a request that is no proper handshake; nothing if it is one.
  static std::optional<Response> refuse(const Request& request);

  // Answers a proper handshake. is_open() is false if the client has gone meanwhile.
  WebSocket(const Request& handshake, const Responder& responder, Options options,
            Callbacks callbacks);
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  bool is_open() const { return stream_.is_open(); }
  // Whether the client has taken enough of what was sent before.
  bool has_room() { return stream_.has_room(); }
  // Queues frames made by append_text_frame(). False: not taken, for want of room or of a client.
  bool write(std::string_view frames) { return stream_.write(frames); }
  // What the client has not taken yet.
  size_t queued_bytes() const { return stream_.queued_bytes(); }

  // Sends a ping, if there is room.
  void ping();
  // How many pings were sent since something came from the client.
  int unanswered_pings() const { return unanswered_pings_; }

  // Says why and closes. `last_frames` go before.
  void close(CloseCode code, std::string_view reason, std::string_view last_frames = {});

 private:
  void on_bytes(std::string_view bytes);
  void flush();

  Callbacks callbacks_;
  WebSocketProtocol protocol_;
  int unanswered_pings_ = 0;
  ResponseStream stream_;
};

}  // namespace stepwell::server
