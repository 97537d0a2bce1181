// A body that is published while it comes: chunk streams (text/stream) and raw bytes (tee).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/server/gateway.h"
#include "api/server/router.h"
#include "schema/ids.h"

namespace stepwell::realtime {

inline constexpr size_t kStreamBytesMax = 8u << 20;  // of one stream

struct StreamTarget {
  std::string channel;
  std::string topic;
  std::optional<RunId> run;
  std::string metadata;  // raw JSON, or empty
  std::string id;        // of the chunk stream; empty: raw bytes
};

// What comes while the engine is busy with what came before is published together; when that
// becomes too much, the client has to wait. A client that goes ends the stream where it is.
class PublishStream final : public server::BodySink {
 public:
  PublishStream(server::Gateway& gateway, StreamTarget target, const server::Responder& responder);
  ~PublishStream() override;

  void on_piece(std::string_view piece) override;
  void on_end() override;

 private:
  struct State;
  static void pump(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

// Where to cut a text of at most `bytes_max` bytes off the front without cutting a character. A
// character that is not complete at the end of `text` stays, unless the text `is_over`.
size_t utf8_piece(std::string_view text, size_t bytes_max, bool is_over);

}  // namespace stepwell::realtime
