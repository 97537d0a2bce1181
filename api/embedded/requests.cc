#include "api/embedded/requests.h"

#include "engine/native/checks.h"
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
  if (const Result<void> checked = native::check_event(event); !checked) raise(checked.error());
  core::AcceptEvents::Item item;
  item.event = native::event_of(event);
  return item;
}

void check_json(std::string_view what, std::string_view text) {
  const Result<JsonView> parsed = parse_json(text);
  if (parsed) return;
  throw EngineError(EngineError::Code::kInvalid,
                    std::string(what) + " is no JSON: " + parsed.error().message);
}

}  // namespace stepwell::detail
