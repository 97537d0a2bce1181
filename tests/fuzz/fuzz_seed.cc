// The field x-inngest-event-id-seed: what is accepted gives ids that differ and are ULIDs of its
// time.
#include <cstdint>
#include <string_view>

#include "api/server/event_body.h"
#include "schema/check.h"

using namespace stepwell;
using namespace stepwell::server;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto seed = EventSeed::parse(text);
  if (!seed) return 0;
  CHECK_INVARIANT(seed->time >= Time{}, "a time before all times");
  const EventId first = seed->id_of(0);
  CHECK_INVARIANT(first == seed->id_of(0), "the same seed gives the same id");
  CHECK_INVARIANT(first != seed->id_of(1) && first != seed->id_of(4'999));
  CHECK_INVARIANT(EventId::parse(first.to_string()) == first);
  return 0;
}
