#include "api/server/websocket.h"

#include <algorithm>
#include <utility>

#include "schema/encoding.h"

namespace stepwell::server {
namespace {

constexpr std::string_view kKeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kKeyBytes = 16;

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
    : callbacks_(std::move(callbacks)),
      protocol_(options.message_bytes_max,
                [this](std::string_view text) {
                  if (callbacks_.on_text) callbacks_.on_text(text);
                }),
      stream_(responder.upgrade(handshake_answer(handshake))) {
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
}

void WebSocket::on_bytes(std::string_view bytes) {
  unanswered_pings_ = 0;
  protocol_.receive(bytes);
  if (is_open()) flush();
}

void WebSocket::flush() {
  const std::string output = protocol_.take_output();
  if (protocol_.is_over()) {
    stream_.close(output);
    if (callbacks_.on_close) callbacks_.on_close();
    return;
  }
  // Who sends pings and does not read their answers is not waited for.
  if (!output.empty()) (void)stream_.write(output);
}

void WebSocket::ping() {
  if (!is_open() || !has_room()) return;
  ++unanswered_pings_;
  protocol_.ping();
  flush();
}

void WebSocket::close(CloseCode code, std::string_view reason, std::string_view last_frames) {
  if (!is_open()) return;
  protocol_.close(static_cast<uint16_t>(code), reason);
  stream_.close(std::string(last_frames) + protocol_.take_output());
}

}  // namespace stepwell::server
