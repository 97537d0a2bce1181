// Schemas of topics and the messages that are to fit them, a line each; and the ids of messages.
// Whatever compiles judges any JSON in bounded time, and twice the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/realtime/message.h"
#include "schema/check.h"
#include "schema/json.h"
#include "schema/json_schema.h"

using namespace stepwell;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto id = realtime::MessageId::parse(text)) {
    CHECK_INVARIANT(realtime::MessageId::parse(id->to_string()) == id);
  }
  const size_t split = text.find('\n');
  if (split == std::string_view::npos) return 0;
  const Result<JsonSchema> schema = JsonSchema::compile(text.substr(0, split));
  const std::string_view message = text.substr(split + 1);
  if (!schema || !parse_json(message)) return 0;
  const std::optional<std::string> fault = schema->misfit(message);
  CHECK_INVARIANT(fault == schema->misfit(message));
  CHECK_INVARIANT(!fault || fault->starts_with("data"));
  return 0;
}
