// A realtime message and its JSON frame, the same for WebSocket and SSE.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schema/ids.h"
#include "schema/time.h"

namespace stepwell::realtime {

// Where a message stands in the hub's one order. `epoch` changes when the hub's counter starts
// anew.
struct MessageId {
  uint64_t epoch = 0;
  uint64_t number = 0;

  std::string to_string() const;  // "epoch-number"
  static std::optional<MessageId> parse(std::string_view text);
  auto operator<=>(const MessageId&) const = default;
};

struct Message {
  MessageId id;
  std::string kind = "data";  // of realtime.md A6
  std::string channel;
  std::string topic;
  std::string data;      // raw JSON
  std::string metadata;  // raw JSON, or empty
  std::optional<RunId> run;
  Time created_at{};
};

// {"kind","data","metadata"?,"created_at","channel","env_id","topic","run_id"?,"id"}: what the
// SDKs' clients read (realtime.md A4), and the id to resume after.
std::string message_json(const Message& message);

// {"kind":"gap",…}: messages were lost before what follows. `missed` of them; nothing: unknown.
// The SDKs' clients ignore kinds that they do not know.
std::string gap_json(std::optional<uint64_t> missed, Time now);

}  // namespace stepwell::realtime
