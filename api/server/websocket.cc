#include "api/server/websocket.h"

#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "schema/check.h"
#include "schema/encoding.h"

namespace stepwell::server {
namespace {

constexpr std::string_view kKeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kKeyBytes = 16;
constexpr std::string_view kProtocolErrorFrame = "\x88\x02\x03\xea";  // close code 1002

// Whether a field is a list with this token, in any case: "Connection: keep-alive, Upgrade".
bool lists(const Request& request, std::string_view name, std::string_view token) {
  std::string_view rest = request.headers.find(name).value_or("");
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(','), rest.size());
    std::string_view item = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
    item = item.substr(0, item.find_last_not_of(" \t") + 1);
    if (equals_ignoring_case(item, token)) return true;
  }
  return false;
}

std::string accept_value(const Request& handshake) {
  const std::string key(*handshake.headers.find("sec-websocket-key"));
  return base64_encode(as_bytes(sha1(key + std::string(kKeySuffix))));
}

Response handshake_answer(const Request& handshake) {
  return {.status = 101,
          .content_type = "",
          .headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", accept_value(handshake)}}};
}

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
struct WebSocket::Wslay {
  static WebSocket& self(void* data) { return *static_cast<WebSocket*>(data); }

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
    if (message->opcode != WSLAY_TEXT_FRAME) return;
    const WebSocket& socket = self(data);
    if (!socket.is_open() || !socket.callbacks_.on_text) return;
    socket.callbacks_.on_text({reinterpret_cast<const char*>(message->msg), message->msg_length});
  }
};

std::optional<Response> WebSocket::refuse(const Request& request) {
  if (!lists(request, "connection", "upgrade") || !lists(request, "upgrade", "websocket")) {
    Response refusal = Response::error(426, "this path speaks WebSocket");
    refusal.headers.emplace_back("Upgrade", "websocket");
    return refusal;
  }
  if (request.headers.find("sec-websocket-version") != "13") {
    Response refusal = Response::error(426, "only version 13 of WebSocket is spoken here");
    refusal.headers.emplace_back("Sec-WebSocket-Version", "13");
    return refusal;
  }
  const auto key = base64_decode(request.headers.find("sec-websocket-key").value_or(""));
  const bool is_get = request.method == Method::kGet && request.minor_version == 1;
  if (!is_get || request.headers.count("sec-websocket-key") != 1 || !key ||
      key->size() != kKeyBytes || !request.body.empty()) {
    return Response::error(400, "the WebSocket handshake is malformed");
  }
  return std::nullopt;
}

WebSocket::WebSocket(const Request& handshake, const Responder& responder, Options options,
                     Callbacks callbacks)
    : callbacks_(std::move(callbacks)), stream_(responder.upgrade(handshake_answer(handshake))) {
  const wslay_event_callbacks of_wslay = {.recv_callback = Wslay::receive,
                                          .send_callback = Wslay::send,
                                          .genmask_callback = nullptr,
                                          .on_frame_recv_start_callback = nullptr,
                                          .on_frame_recv_chunk_callback = nullptr,
                                          .on_frame_recv_end_callback = nullptr,
                                          .on_msg_recv_callback = Wslay::on_message};
  const int result = wslay_event_context_server_init(&context_, &of_wslay, this);
  CHECK_INVARIANT(result == 0, "no memory for a WebSocket");
  wslay_event_config_set_max_recv_msg_length(context_, options.message_bytes_max);
  stream_.on_bytes([this](std::string_view bytes) { on_bytes(bytes); });
  stream_.on_drain([this] {
    if (callbacks_.on_room) callbacks_.on_room();
  });
  stream_.on_close([this] {
    if (callbacks_.on_close) callbacks_.on_close();
  });
  stream_.on_stop([this] {
    if (callbacks_.on_stop) callbacks_.on_stop();
  });
}

WebSocket::~WebSocket() {
  stream_.close();
  wslay_event_context_free(context_);
}

void WebSocket::on_bytes(std::string_view bytes) {
  unanswered_pings_ = 0;
  incoming_ = bytes;
  const int result = wslay_event_recv(context_);
  incoming_ = {};
  if (!is_open()) return;
  if (result != 0) {
    // Where wslay gives up it does not say why.
    outgoing_.append(kProtocolErrorFrame);
    return end();
  }
  flush();
}

void WebSocket::flush() {
  const int result = wslay_event_send(context_);
  if (result != 0) return end();
  // Both sides have said goodbye, or the client broke the protocol and was told so.
  if (wslay_event_get_close_sent(context_) != 0) return end();
  // Who sends pings and does not read their answers is not waited for.
  if (!outgoing_.empty()) (void)stream_.write(outgoing_);
  outgoing_.clear();
}

void WebSocket::end() {
  stream_.close(std::exchange(outgoing_, {}));
  if (callbacks_.on_close) callbacks_.on_close();
}

void WebSocket::ping() {
  if (!is_open() || !has_room()) return;
  const wslay_event_msg message = {.opcode = WSLAY_PING, .msg = nullptr, .msg_length = 0};
  if (wslay_event_queue_msg(context_, &message) != 0) return;
  ++unanswered_pings_;
  flush();
}

void WebSocket::close(CloseCode code, std::string_view reason, std::string_view last_frames) {
  if (!is_open()) return;
  outgoing_.append(last_frames);
  wslay_event_queue_close(context_, static_cast<uint16_t>(code),
                          reinterpret_cast<const uint8_t*>(reason.data()), reason.size());
  (void)wslay_event_send(context_);
  stream_.close(std::exchange(outgoing_, {}));
}

}  // namespace stepwell::server
