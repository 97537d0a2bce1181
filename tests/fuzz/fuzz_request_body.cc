// Bodies of requests, those of events and of apps apart, and what subscribers say over a WebSocket:
// what is accepted can be handed to the core as it is.
#include <cstdint>
#include <string_view>

#include "api/realtime/publish_stream.h"
#include "api/realtime/realtime_routes.h"
#include "api/realtime/subscriber_text.h"
#include "api/realtime/token.h"
#include "api/server/request_bodies.h"
#include "schema/check.h"
#include "schema/json.h"
#include "schema/utf8.h"

using namespace stepwell;
using namespace stepwell::server;

namespace {

const Time kNow = from_millis(1'790'000'000'000);

template <typename T>
bool is_accepted(const Result<T>& read) {
  if (read) return true;
  CHECK_INVARIANT(
      read.error().code == ErrorCode::kInvalid || read.error().code == ErrorCode::kTooLarge,
      "a body is its sender's fault");
  CHECK_INVARIANT(!read.error().message.empty(), "a refusal says why");
  return false;
}

void check_json(std::string_view text) {
  CHECK_INVARIANT(parse_json(text).ok(), "what goes on is JSON");
}

void check_rerun(const Result<core::RerunRun>& rerun) {
  if (!is_accepted(rerun) || rerun->input.empty()) return;
  CHECK_INVARIANT(!rerun->from_step.empty(), "an input for no step");
  check_json(rerun->input);
}

void check_runs(std::string_view text) {
  const RunId id = RunId::parse("01JD7RVNRVNRVNRVNRVNRVNRVN").value();
  check_rerun(read_rerun(id, text));
  check_rerun(read_v2_rerun(id, text));
  if (const auto wanted = read_cancellation(text, kNow); is_accepted(wanted)) {
    CHECK_INVARIANT(!wanted->function.empty() && wanted->started_before <= kNow);
    CHECK_INVARIANT(!wanted->condition.is_always() || wanted->expression.empty() ||
                        wanted->condition.matches_trigger("{}", kNow),
                    "a condition that is none");
    static_cast<void>(wanted->condition.matches_trigger(text, kNow));
  }
  if (const auto signal = read_signal(text); is_accepted(signal)) {
    CHECK_INVARIANT(!signal->signal.empty());
    check_json(signal->data);
  }
  if (const auto invocation = read_invocation(text); is_accepted(invocation)) {
    CHECK_INVARIANT(invocation->idempotency_key.size() <= 256);
    CHECK_INVARIANT(JsonView::trusted(invocation->event.data).is_object());
    check_json(event_json(invocation->event));
  }
}

void check_realtime(std::string_view text) {
  if (const auto topics = realtime::parse_token_topics(text); is_accepted(topics)) {
    CHECK_INVARIANT(!topics->empty() && topics->size() <= realtime::kTokenTopicsMax);
    for (const auto& topic : *topics) {
      CHECK_INVARIANT(!topic.channel.empty() && !topic.name.empty());
    }
  }
  check_json(realtime::message_data(text));
  const std::string_view piece = text.substr(0, realtime::utf8_piece(text, 16, false));
  CHECK_INVARIANT(!piece.empty() || text.size() < 4, "a stream stands still");
  CHECK_INVARIANT(valid_utf8_length(text) < text.size() || valid_utf8_length(piece) == piece.size(),
                  "a character of a stream is cut");
  const realtime::SubscriberText asked = realtime::read_subscriber_text(text);
  CHECK_INVARIANT(asked.token.empty() || asked.leaves.empty(), "comes and goes at once");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_runs(text);
  check_realtime(text);
  return 0;
}
