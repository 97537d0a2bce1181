// The server's side of the WebSocket protocol (RFC 6455), without I/O: bytes in, messages and bytes
// out. wslay knows the rules: masks, fragments, UTF-8, control frames, closing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

struct wslay_event_context;

namespace stepwell::server {

// A whole text message as a server sends it. The same bytes serve all clients.
void append_text_frame(std::string& out, std::string_view text);

class WebSocketProtocol {
 public:
  using OnText = std::function<void(std::string_view)>;

  // A message of the client over `message_bytes_max` ends it with close code 1009.
  WebSocketProtocol(size_t message_bytes_max, OnText on_text);
  ~WebSocketProtocol();
  WebSocketProtocol(const WebSocketProtocol&) = delete;
  WebSocketProtocol& operator=(const WebSocketProtocol&) = delete;

  // What came from the client. Text messages are handed on, binary ones ignored, pings answered.
  void receive(std::string_view bytes);
  void ping();
  void close(uint16_t code, std::string_view reason);

  // What is to be sent to the client now.
  std::string take_output();
  // Goodbye was said: when the output is sent, the connection is to end. Nothing more is received.
  bool is_over() const { return is_over_; }

 private:
  struct Wslay;
  void flush();

  OnText on_text_;
  wslay_event_context* context_ = nullptr;
  std::string_view incoming_;  // while wslay reads
  std::string outgoing_;
  bool is_over_ = false;
};

}  // namespace stepwell::server
