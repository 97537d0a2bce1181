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

void FrameMaker::append(std::string& out, const Delivery& delivery, Framing framing, Time now) {
  if (const auto* gap = std::get_if<Gap>(&delivery)) {
    return append_frame(out, gap_json(gap->missed, now), {}, framing);
  }
  const Message& message = *std::get<std::shared_ptr<const Message>>(delivery);
  Kept& kept = kept_[static_cast<size_t>(framing)][message.id.number % kKept];
  if (kept.id != message.id) {
    if (kept_bytes_ > kKeptBytesMax) {
      kept_ = {};
      kept_bytes_ = 0;
    }
    kept_bytes_ -= kept.frame.size();
    kept.frame.clear();
    append_frame(kept.frame, message_json(message), message.id.to_string(), framing);
    kept_bytes_ += kept.frame.size();
    kept.id = message.id;
  }
  out.append(kept.frame);
}

}  // namespace stepwell::realtime
