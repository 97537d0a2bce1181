// Server-sent events: the hub's door for browsers (EventSource) and curl.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/server/response.h"
#include "api/server/uv_loop.h"
#include "engine/realtime/hub.h"

namespace stepwell::realtime {

inline constexpr std::chrono::seconds kKeepAliveInterval{15};

// "id: …\ndata: …\n\n": a message as an event stream carries it.
std::string sse_frame(const Message& message);
// A gap has no id: who resumes, resumes behind the last message.
std::string sse_frame(const Gap& gap, Time now);

// All event streams of a server. Loop thread only.
class SseDoor {
 public:
  // Both outlive it.
  SseDoor(server::UvLoop& loop, Hub& hub);
  ~SseDoor();
  SseDoor(const SseDoor&) = delete;
  SseDoor& operator=(const SseDoor&) = delete;

  // Answers with a stream of what the hub has for `topics`, from `start` on, until the client goes.
  void open(const server::Responder& responder, const std::vector<TopicName>& topics,
            const StartFrom& start);

  size_t open_streams() const { return streams_.size(); }

 private:
  struct Stream;

  void pump(Stream& stream);
  void close_later(uint64_t number);
  const std::string& frame_of(const std::shared_ptr<const Message>& message);

  server::UvLoop& loop_;
  Hub& hub_;
  std::unordered_map<uint64_t, std::unique_ptr<Stream>> streams_;
  uint64_t last_number_ = 0;
  // The newest message goes to many streams one after the other: its frame is made once.
  MessageId framed_;
  std::string frame_;
  // Closing waits for the loop, which may outlive the door.
  std::shared_ptr<SseDoor*> self_;
};

}  // namespace stepwell::realtime
