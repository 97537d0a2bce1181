#include "api/realtime/publish_stream.h"

#include <algorithm>
#include <utility>

#include "schema/json.h"

namespace stepwell::realtime {
namespace {

// A chunk's frame must fit into the 32 KiB that the Go SDK reads, however much of it is escaped.
constexpr size_t kChunkBytesMax = 4 * 1024;
constexpr size_t kRawBytesMax = 32 * 1024;
// Over it, the client has to wait; it may go on when it is half of that.
constexpr size_t kPendingBytesMax = 256 * 1024;
constexpr size_t kBatchBytes = 64 * 1024;

// How many bytes a character has that begins like this; 1 for what begins none.
size_t utf8_length(unsigned char first) {
  if (first >= 0xf0 && first < 0xf8) return 4;
  if (first >= 0xe0) return first < 0xf0 ? 3 : 1;
  return first >= 0xc0 ? 2 : 1;
}

}  // namespace

size_t utf8_piece(std::string_view text, size_t bytes_max, bool is_over) {
  const bool is_cut = text.size() > bytes_max;
  text = text.substr(0, bytes_max);
  if (is_over && !is_cut) return text.size();
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;  // inside of a character
    return utf8_length(byte) > back ? text.size() - back : text.size();
  }
  return text.size();
}

struct PublishStream::State {
  server::Gateway& gateway;
  StreamTarget target;
  server::Responder responder;
  std::string pending;
  size_t total_bytes = 0;
  bool has_begun = false;
  bool is_over = false;    // nothing more will come
  bool has_ended = false;  // and that was published
  bool is_in_flight = false;
  bool is_answered = false;
  bool is_paused = false;

  bool is_raw() const { return target.id.empty(); }

  void answer(server::Response response) {
    if (std::exchange(is_answered, true)) return;
    responder.send(std::move(response));
  }

  Publication message(MessageKind kind, std::string data) const {
    return {.channel = target.channel,
            .topic = target.topic,
            .data = std::move(data),
            .kind = kind,
            .metadata = target.metadata,
            .stream = target.id};
  }

  // The next messages, of about kBatchBytes.
  std::vector<Publication> take() {
    std::vector<Publication> messages;
    if (!is_raw() && !std::exchange(has_begun, true)) {
      messages.push_back(message(MessageKind::kStreamStart, json_quote(target.id)));
    }
    std::string_view rest = pending;
    while (!rest.empty() && pending.size() - rest.size() < kBatchBytes) {
      const size_t size = is_raw() ? std::min(rest.size(), kRawBytesMax)
                                   : utf8_piece(rest, kChunkBytesMax, is_over);
      if (size == 0) break;
      const std::string_view piece = rest.substr(0, size);
      messages.push_back(is_raw() ? message(MessageKind::kRaw, std::string(piece))
                                  : message(MessageKind::kChunk, json_quote(piece)));
      rest.remove_prefix(size);
    }
    pending.erase(0, pending.size() - rest.size());
    if (is_over && pending.empty() && !std::exchange(has_ended, true) && !is_raw()) {
      messages.push_back(message(MessageKind::kStreamEnd, json_quote(target.id)));
    }
    return messages;
  }
};

PublishStream::PublishStream(server::Gateway& gateway, StreamTarget target,
                             const server::Responder& responder)
    : state_(std::make_shared<State>(State{gateway, std::move(target), responder, {}})) {
  pump(state_);
}

PublishStream::~PublishStream() {
  if (std::exchange(state_->is_over, true)) return;
  state_->is_answered = true;  // the connection knows why
  pump(state_);
}

void PublishStream::on_piece(std::string_view piece) {
  state_->total_bytes += piece.size();
  if (state_->total_bytes > kStreamBytesMax) {
    state_->is_over = true;
    state_->answer(server::Response::error(413, "the stream is too long"));
  } else {
    state_->pending.append(piece);
  }
  pump(state_);
  if (state_->pending.size() < kPendingBytesMax || state_->is_paused) return;
  state_->is_paused = true;
  state_->responder.pause_body();
}

void PublishStream::on_end() {
  state_->is_over = true;
  pump(state_);
}

// One submission is under way at a time: their order is that of the bytes.
void PublishStream::pump(const std::shared_ptr<State>& state) {
  if (state->is_in_flight) return;
  core::PublishMessages input;
  input.run = state->target.run;
  input.messages = state->take();
  if (input.messages.empty()) {
    if (state->is_over) state->answer({.status = 200, .content_type = ""});
    return;
  }
  state->is_in_flight = true;
  state->gateway.submit(std::move(input), [state](const core::Answer& answer) {
    state->is_in_flight = false;
    if (answer.error) {
      state->is_over = state->has_ended = true;
      state->pending.clear();
      return state->answer(server::failure(*answer.error));
    }
    pump(state);
    if (!state->is_paused || state->pending.size() > kPendingBytesMax / 2) return;
    state->is_paused = false;
    state->responder.resume_body();
  });
}

}  // namespace stepwell::realtime
