// Bodies of POST /e/{key}: what is accepted is a whole event, and a body without an error is JSON.
#include <cstdint>
#include <string_view>

#include "api/server/event_body.h"
#include "schema/check.h"
#include "schema/json.h"

using namespace stepwell;
using namespace stepwell::server;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // The same text also as a seed, which must never do harm.
  const EventBody body = parse_event_body(text, EventSeed::parse(text));
  CHECK_INVARIANT(body.items.size() <= kEventsPerRequestMax);
  for (const core::AcceptEvents::Item& item : body.items) {
    const Event& event = item.event;
    CHECK_INVARIANT(!event.name.empty() && !is_internal_event_name(event.name));
    const Result<JsonView> shown = parse_json(event_json(event), {.max_depth = 130});
    CHECK_INVARIANT(shown.ok(), "an accepted event cannot be shown");
    const JsonView payload = JsonView::trusted(event.data);
    CHECK_INVARIANT(payload.is_object() && !payload.find("_inngest"));
    CHECK_INVARIANT(JsonView::trusted(event.user).is_object());
  }
  if (body.error.empty()) {
    CHECK_INVARIANT(parse_json(text, {.max_depth = 130}).ok(), "accepted what is not JSON");
  }
  return 0;
}
