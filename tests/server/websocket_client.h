// A WebSocket client for tests, which can also break the protocol.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/server/http_client.h"

namespace stepwell::server {

inline constexpr uint8_t kTextFrame = 0x1;
inline constexpr uint8_t kBinaryFrame = 0x2;
inline constexpr uint8_t kCloseFrame = 0x8;
inline constexpr uint8_t kPingFrame = 0x9;
inline constexpr uint8_t kPongFrame = 0xa;

inline constexpr std::string_view kHandshakeFields =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

struct WebSocketFrame {
  uint8_t opcode = 0;
  std::string payload;
};

// The bytes of a frame. `first_bits`: FIN and the reserved ones.
inline std::string frame_bytes(uint8_t opcode, std::string_view payload, bool is_masked = true,
                               uint8_t first_bits = 0x80) {
  std::string bytes;
  bytes.push_back(static_cast<char>(first_bits | opcode));
  const auto mask_bit = static_cast<char>(is_masked ? 0x80 : 0);
  const auto append_size = [&](int count) {
    for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<char>(payload.size() >> shift & 0xff));
    }
  };
  if (payload.size() < 126) {
    bytes.push_back(static_cast<char>(mask_bit | static_cast<char>(payload.size())));
  } else if (payload.size() <= 0xffff) {
    bytes.push_back(static_cast<char>(mask_bit | 126));
    append_size(2);
  } else {
    bytes.push_back(static_cast<char>(mask_bit | 127));
    append_size(8);
  }
  if (!is_masked) return bytes.append(payload);
  constexpr std::string_view kMask = "abcd";
  bytes.append(kMask);
  for (size_t i = 0; i < payload.size(); ++i) {
    bytes.push_back(static_cast<char>(payload[i] ^ kMask[i % 4]));
  }
  return bytes;
}

class WebSocketClient {
 public:
  // Sends the handshake and reads the head of the answer; `extra` are further lines.
  WebSocketClient(uint16_t port, std::string_view path, std::string_view extra = {})
      : client_(port) {
    open(path, extra);
  }
  // One with a small receive buffer.
  struct SmallBuffer {};
  WebSocketClient(SmallBuffer, uint16_t port, std::string_view path)
      : client_(HttpClient::with_small_buffer(port)) {
    open(path, {});
  }

  const Reply& head() const { return head_; }
  HttpClient& connection() { return client_; }

  bool send(std::string_view bytes) { return client_.send(bytes); }
  bool send_text(std::string_view text) { return send(frame_bytes(kTextFrame, text)); }

  // The next frame, whatever it is. Throws if none comes.
  WebSocketFrame next_frame() {
    const std::string start = client_.read_bytes(2);
    WebSocketFrame frame;
    frame.opcode = static_cast<uint8_t>(start[0]) & 0x0f;
    uint64_t size = static_cast<uint8_t>(start[1]);
    if (size >= 126) {
      const int count = size == 126 ? 2 : 8;
      size = 0;
      for (const char c : client_.read_bytes(static_cast<size_t>(count))) {
        size = size << 8 | static_cast<uint8_t>(c);
      }
    }
    frame.payload = client_.read_bytes(size);
    return frame;
  }
  // The next one that is no ping.
  WebSocketFrame next() {
    WebSocketFrame frame = next_frame();
    while (frame.opcode == kPingFrame) frame = next_frame();
    return frame;
  }
  // The code of the close frame, which must be what comes next. Then the connection ends.
  int next_close_code() {
    const WebSocketFrame frame = next();
    if (frame.opcode != kCloseFrame || frame.payload.size() < 2) return -1;
    if (!client_.is_closed()) return -2;
    return static_cast<uint8_t>(frame.payload[0]) << 8 | static_cast<uint8_t>(frame.payload[1]);
  }

 private:
  void open(std::string_view path, std::string_view extra) {
    client_.get(path, std::string(kHandshakeFields).append(extra));
    head_ = client_.read_head();
  }

  HttpClient client_;
  Reply head_;
};

}  // namespace stepwell::server
