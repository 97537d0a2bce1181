// A realtime message and its JSON frame, the same for WebSocket and SSE.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schema/ids.h"
#include "schema/op.h"
#include "schema/run.h"
#include "schema/time.h"

namespace stepwell::realtime {

// Where a message stands in the hub's one order. `epoch` changes when the hub's counter starts
// anew. `recorded`, where channels have a durable history: the position of the newest recorded
// message so far, by which such a channel is resumed in another epoch.
struct MessageId {
  uint64_t epoch = 0;
  uint64_t number = 0;
  std::optional<Position> recorded;

  std::string to_string() const;  // "epoch-number" or "epoch-number-recorded"
  static std::optional<MessageId> parse(std::string_view text);
  auto operator<=>(const MessageId&) const = default;
};

struct Message : Publication {
  MessageId id;
  std::optional<RunId> run;  // who published it
  Time created_at{};
};

// Whether a subscriber wants chunk streams as what they are, or each chunk as an ordinary message:
// the SDKs for JavaScript stop working when a chunk stream starts.
enum class ChunkStyle : uint8_t { kMessages, kFrames };

// {"kind","data","metadata"?,"created_at","channel","env_id","topic","run_id"?,"stream_id"?,"id"}:
// what the SDKs' clients read, and the id to resume after. Empty: it is nothing for this
// subscriber.
std::string message_json(const Message& message, ChunkStyle chunks = ChunkStyle::kMessages);

// {"kind":"gap",…}: messages were lost before what follows. `missed` of them; nothing: unknown.
// The SDKs' clients ignore kinds that they do not know.
std::string gap_json(std::optional<uint64_t> missed, Time now);

}  // namespace stepwell::realtime
