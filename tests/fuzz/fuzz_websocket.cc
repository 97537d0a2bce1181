// What clients send over a WebSocket: however the bytes are cut, the same messages come out, none
// of them too long or not UTF-8, and nothing after the goodbye.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/server/websocket_protocol.h"
#include "schema/check.h"
#include "schema/utf8.h"

using namespace stepwell;
using server::WebSocketProtocol;

namespace {

constexpr size_t kMessageBytesMax = 4096;

using Messages = std::vector<std::string>;

// How it ends is not compared: wslay looks at the reason in a goodbye from the third byte of each
// piece on, so that one that is not UTF-8 is an error sooner, later or, byte by byte, not at all.
Messages feed(std::string_view bytes, size_t piece_bytes) {
  Messages messages;
  WebSocketProtocol protocol(kMessageBytesMax, [&](std::string_view text) {
    CHECK_INVARIANT(text.size() <= kMessageBytesMax, "a message over the limit");
    CHECK_INVARIANT(valid_utf8_length(text) == text.size(), "a text that is not UTF-8");
    messages.emplace_back(text);
  });
  while (!bytes.empty()) {
    const bool was_over = protocol.is_over();
    const size_t before = messages.size();
    protocol.receive(bytes.substr(0, piece_bytes));
    bytes.remove_prefix(std::min(piece_bytes, bytes.size()));
    const std::string output = protocol.take_output();
    CHECK_INVARIANT(!was_over || (output.empty() && messages.size() == before),
                    "something after the goodbye");
  }
  return messages;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Messages whole = feed(bytes, std::max<size_t>(size, 1));
  CHECK_INVARIANT(feed(bytes, 1) == whole, "the messages depend on how the bytes are cut");
  CHECK_INVARIANT(feed(bytes, 7) == whole, "the messages depend on how the bytes are cut");
  return 0;
}
