#include "api/realtime/sse.h"

#include <utility>

#include "engine/runtime/clock.h"

namespace stepwell::realtime {
namespace {

constexpr std::string_view kComment = ":\n\n";

}  // namespace

struct SseDoor::Stream {
  uint64_t number;
  server::ResponseStream response;
  std::unique_ptr<Subscription> subscription;
  server::Timer keep_alive;
};

std::string sse_frame(const Message& message) {
  // JSON text has no line ends, so it is one "data" line.
  std::string frame = "id: " + message.id.to_string() + "\ndata: ";
  return frame.append(message_json(message)).append("\n\n");
}

std::string sse_frame(const Gap& gap, Time now) {
  return "data: " + gap_json(gap.missed, now) + "\n\n";
}

SseDoor::SseDoor(server::UvLoop& loop, Hub& hub)
    : loop_(loop), hub_(hub), self_(std::make_shared<SseDoor*>(this)) {}

SseDoor::~SseDoor() {
  *self_ = nullptr;
}

void SseDoor::open(const server::Responder& responder, const std::vector<TopicName>& topics,
                   const StartFrom& start) {
  const uint64_t number = ++last_number_;
  server::ResponseStream response =
      responder.stream({.content_type = "text/event-stream",
                        .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}});
  if (!response.is_open()) return;
  // The head and the first comment go out at once, so that a client knows that it listens.
  response.write(kComment);
  response.on_close([this, number] { close_later(number); });
  response.on_drain([this, number] { pump(*streams_.at(number)); });
  auto subscription = hub_.subscribe(topics, start, runtime::wall_clock(),
                                     [this, number] { pump(*streams_.at(number)); });
  auto stream = std::unique_ptr<Stream>(new Stream{
      number, std::move(response), std::move(subscription), server::Timer(loop_, [this, number] {
        Stream& quiet = *streams_.at(number);
        quiet.response.write(kComment);
        quiet.keep_alive.arm_after(kKeepAliveInterval);
      })});
  Stream& opened = *stream;
  streams_.emplace(number, std::move(stream));
  opened.keep_alive.arm_after(kKeepAliveInterval);
  pump(opened);
}

// Moves what waits for the stream into its socket, as far as there is room: the rest waits in the
// hub, where the oldest is dropped when it becomes too much.
void SseDoor::pump(Stream& stream) {
  while (stream.subscription->has_waiting() && stream.response.has_room()) {
    for (const Delivery& delivery : stream.subscription->take(1)) {
      if (const auto* gap = std::get_if<Gap>(&delivery)) {
        stream.response.write(sse_frame(*gap, runtime::wall_clock()));
      } else {
        stream.response.write(frame_of(std::get<std::shared_ptr<const Message>>(delivery)));
      }
    }
  }
}

// Not at once: the stream's timer or the hub may be calling.
void SseDoor::close_later(uint64_t number) {
  loop_.post([self = self_, number] {
    if (*self != nullptr) (*self)->streams_.erase(number);
  });
}

const std::string& SseDoor::frame_of(const std::shared_ptr<const Message>& message) {
  if (framed_ != message->id) {
    frame_ = sse_frame(*message);
    framed_ = message->id;
  }
  return frame_;
}

}  // namespace stepwell::realtime
