#include "api/embedded/requests.h"

#include "schema/json.h"

namespace stepwell::detail {
namespace {

EngineError::Code code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return EngineError::Code::kNotFound;
    case ErrorCode::kConflict:
      return EngineError::Code::kConflict;
    case ErrorCode::kUnavailable:
      return EngineError::Code::kUnavailable;
    case ErrorCode::kIo:
    case ErrorCode::kCorrupt:
      return EngineError::Code::kStorage;
    default:
      return EngineError::Code::kInvalid;
  }
}

}  // namespace

void raise(const Error& error) {
  throw EngineError(code_of(error.code), error.message);
}

core::AcceptEvents::Item item_of(const NewEvent& event) {
  if (event.name().empty() || is_internal_event_name(event.name())) {
    throw EngineError(EngineError::Code::kInvalid,
                      "event name \"" + event.name() + "\": it is empty or reserved (inngest/…)");
  }
  Result<JsonView> data = parse_json(event.data());
  if (!data || !data->is_object()) {
    throw EngineError(EngineError::Code::kInvalid, "the data of an event is a JSON object");
  }
  core::AcceptEvents::Item item;
  item.event.name = event.name();
  item.event.id = event.id();
  item.event.data = event.data();
  item.event.user = event.user();
  item.event.ts = Time(event.ts());
  return item;
}

}  // namespace stepwell::detail
