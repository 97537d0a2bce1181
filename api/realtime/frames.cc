#include "api/realtime/frames.h"

#include <algorithm>

#include "api/server/websocket.h"

namespace stepwell::realtime {
namespace {

constexpr size_t kKeptBytesMax = 4u << 20;

}  // namespace

void append_frame(std::string& out, std::string_view json, std::string_view id, Framing framing) {
  if (framing == Framing::kWebSocket) return server::append_text_frame(out, json);
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  out.append("data: ");
  const size_t begin = out.size();
  out.append(json);
  // A line end would end the event. In JSON they stand between tokens only, where a blank will do.
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
      [](char c) { return c == '\n' || c == '\r'; }, ' ');
  out.append("\n\n");
}

void FrameMaker::append(std::string& out, const Delivery& delivery, const Encoding& encoding,
                        Time now) {
  const Framing framing = encoding.framing;
  if (const auto* gap = std::get_if<Gap>(&delivery)) {
    return append_frame(out, gap_json(gap->missed, now), {}, framing);
  }
  const Message& message = *std::get<std::shared_ptr<const Message>>(delivery);
  if (message.kind == MessageKind::kRaw && framing == Framing::kEventStream) {
    out.append(message.data);  // its publisher writes the events
    return;
  }
  const size_t place = 2 * static_cast<size_t>(framing) + static_cast<size_t>(encoding.chunks);
  Kept& kept = kept_[place][message.id.number % kKept];
  if (kept.id != message.id) {
    if (kept_bytes_ > kKeptBytesMax) {
      kept_ = {};
      kept_bytes_ = 0;
    }
    kept_bytes_ -= kept.frame.size();
    kept.frame.clear();
    const std::string json = message_json(message, encoding.chunks);
    if (!json.empty()) append_frame(kept.frame, json, message.id.to_string(), framing);
    kept_bytes_ += kept.frame.size();
    kept.id = message.id;
  }
  out.append(kept.frame);
}

}  // namespace stepwell::realtime
