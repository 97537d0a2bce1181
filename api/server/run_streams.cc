#include "api/server/run_streams.h"

namespace stepwell::server {
namespace {

constexpr std::string_view kChanged = "event: changed\ndata: {}\n\n";
// A comment: keeps proxies from closing a stream of a run that sleeps.
constexpr std::string_view kKeepAlive = ": still here\n\n";
constexpr std::chrono::milliseconds kKeepAliveEvery{15'000};

}  // namespace

RunStreams::RunStreams(UvLoop& loop)
    : loop_(loop),
      keep_alive_timer_(loop, [this] { keep_alive(); }),
      self_(std::make_shared<RunStreams*>(this)) {}

RunStreams::~RunStreams() {
  *self_ = nullptr;
}

void RunStreams::open(RunNo run, const Responder& responder) {
  const uint64_t number = ++last_number_;
  Response head{.content_type = "text/event-stream"};
  head.headers.emplace_back("Cache-Control", "no-store");
  Responder answer = responder;
  ResponseStream body = answer.stream(std::move(head));
  if (!body.is_open()) return;  // the client has gone, or asked for the head alone
  body.on_close([this, number] { close_later(number); });
  by_run_.emplace(run, number);
  Stream& stream = streams_.emplace(number, Stream{run, std::move(body)}).first->second;
  stream.body.write(kChanged);
  if (streams_.size() == 1) keep_alive_timer_.arm_after(kKeepAliveEvery);
}

void RunStreams::changed(const std::vector<RunNo>& runs) {
  if (streams_.empty()) return;
  for (RunNo run : runs) {
    const auto [first, last] = by_run_.equal_range(run);
    for (auto it = first; it != last; ++it) {
      // Not taken means that the client has earlier ones still to read: they say the same.
      (void)streams_.at(it->second).body.write(kChanged);
    }
  }
}

// Not at once: a write of ours may be what noticed that the client has gone.
void RunStreams::close_later(uint64_t number) {
  loop_.post([self = self_, number] {
    if (*self != nullptr) (*self)->close(number);
  });
}

void RunStreams::close(uint64_t number) {
  const auto found = streams_.find(number);
  if (found == streams_.end()) return;
  const auto [first, last] = by_run_.equal_range(found->second.run);
  for (auto it = first; it != last; ++it) {
    if (it->second != number) continue;
    by_run_.erase(it);
    break;
  }
  streams_.erase(found);
}

void RunStreams::keep_alive() {
  for (auto& [number, stream] : streams_) {
    (void)stream.body.write(kKeepAlive);  // a client that reads nothing needs none
  }
  if (!streams_.empty()) keep_alive_timer_.arm_after(kKeepAliveEvery);
}

}  // namespace stepwell::server
