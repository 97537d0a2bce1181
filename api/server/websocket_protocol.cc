#include "api/server/websocket_protocol.h"

#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "schema/check.h"

namespace stepwell::server {
namespace {

constexpr std::string_view kProtocolErrorFrame = "\x88\x02\x03\xea";  // close code 1002

}  // namespace

void append_text_frame(std::string& out, std::string_view text) {
  const uint64_t size = text.size();
  out.push_back(static_cast<char>(0x81));  // the last frame of a text message
  const auto append_size = [&](int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
      out.push_back(static_cast<char>(size >> shift & 0xff));
    }
  };
  if (size < 126) {
    append_size(1);
  } else if (size <= 0xffff) {
    out.push_back(126);
    append_size(2);
  } else {
    out.push_back(127);
    append_size(8);
  }
  out.append(text);
}

// wslay's callbacks. It reads from `incoming_` and writes to `outgoing_`, which never fills up.
struct WebSocketProtocol::Wslay {
  static WebSocketProtocol& self(void* data) { return *static_cast<WebSocketProtocol*>(data); }

  static ssize_t receive(wslay_event_context* context, uint8_t* buffer, size_t size, int,
                         void* data) {
    std::string_view& incoming = self(data).incoming_;
    if (incoming.empty()) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    const size_t count = std::min(size, incoming.size());
    std::memcpy(buffer, incoming.data(), count);
    incoming.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }

  static ssize_t send(wslay_event_context*, const uint8_t* bytes, size_t size, int, void* data) {
    self(data).outgoing_.append(reinterpret_cast<const char*>(bytes), size);
    return static_cast<ssize_t>(size);
  }

  static void on_message(wslay_event_context*, const wslay_event_on_msg_recv_arg* message,
                         void* data) {
    const WebSocketProtocol& protocol = self(data);
    if (message->opcode != WSLAY_TEXT_FRAME || protocol.is_over_ || !protocol.on_text_) return;
    protocol.on_text_({reinterpret_cast<const char*>(message->msg), message->msg_length});
  }
};

WebSocketProtocol::WebSocketProtocol(size_t message_bytes_max, OnText on_text)
    : on_text_(std::move(on_text)) {
  const wslay_event_callbacks callbacks = {.recv_callback = Wslay::receive,
                                           .send_callback = Wslay::send,
                                           .genmask_callback = nullptr,
                                           .on_frame_recv_start_callback = nullptr,
                                           .on_frame_recv_chunk_callback = nullptr,
                                           .on_frame_recv_end_callback = nullptr,
                                           .on_msg_recv_callback = Wslay::on_message};
  const int result = wslay_event_context_server_init(&context_, &callbacks, this);
  CHECK_INVARIANT(result == 0, "no memory for a WebSocket");
  wslay_event_config_set_max_recv_msg_length(context_, message_bytes_max);
}

WebSocketProtocol::~WebSocketProtocol() {
  wslay_event_context_free(context_);
}

void WebSocketProtocol::receive(std::string_view bytes) {
  if (is_over_) return;
  incoming_ = bytes;
  const int result = wslay_event_recv(context_);
  incoming_ = {};
  if (is_over_) return;  // closed by who was handed a message
  if (result == 0) return flush();
  // Where wslay gives up it does not say why.
  outgoing_.append(kProtocolErrorFrame);
  is_over_ = true;
}

void WebSocketProtocol::flush() {
  const int result = wslay_event_send(context_);
  is_over_ = is_over_ || result != 0 || wslay_event_get_close_sent(context_) != 0;
}

void WebSocketProtocol::ping() {
  if (is_over_) return;
  const wslay_event_msg message = {.opcode = WSLAY_PING, .msg = nullptr, .msg_length = 0};
  if (wslay_event_queue_msg(context_, &message) == 0) flush();
}

void WebSocketProtocol::close(uint16_t code, std::string_view reason) {
  if (is_over_) return;
  wslay_event_queue_close(context_, code, reinterpret_cast<const uint8_t*>(reason.data()),
                          reason.size());
  flush();
  is_over_ = true;
}

std::string WebSocketProtocol::take_output() {
  return std::exchange(outgoing_, {});
}

}  // namespace stepwell::server
