// How messages look on the way to a client: as server-sent events or as WebSocket frames.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/realtime/hub.h"

namespace stepwell::realtime {

enum class Framing : uint8_t {
  kEventStream,  // "id: …\ndata: …\n\n"
  kWebSocket,    // a text message
};

// What a client gets to see.
struct Encoding {
  Framing framing = Framing::kEventStream;
  ChunkStyle chunks = ChunkStyle::kMessages;
};

// Appends one JSON text. `id` is what a client of an event stream resumes after; empty: it goes on
// resuming after the message before.
void append_frame(std::string& out, std::string_view json, std::string_view id, Framing framing);

// Makes the frames of what the hub delivers. A message goes to many clients one after the other:
// its frame is kept for a while.
class FrameMaker {
 public:
  // Appends what the client gets for this delivery, which may be nothing.
  void append(std::string& out, const Delivery& delivery, const Encoding& encoding, Time now);

 private:
  struct Kept {
    MessageId id;
    std::string frame;
  };

  static constexpr size_t kKept = 64;
  std::array<std::array<Kept, kKept>, 4> kept_;  // by encoding, by number
  size_t kept_bytes_ = 0;
};

}  // namespace stepwell::realtime
