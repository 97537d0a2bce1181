#include "engine/core/effect.h"
#include "engine/core/input.h"

namespace stepwell::core {

Result<LookupResult> look_up(storage::JournalReader& reader, const Lookup& lookup, Time since) {
  LookupResult result;
  for (const std::string& id : lookup.event_ids) {
    auto history = reader.event_history(id, since);
    if (!history) return history.error();
    result.histories.push_back(std::move(*history));
  }
  if (!lookup.run) return result;
  auto found = reader.find_run(*lookup.run);
  if (!found) return found.error();
  result.run = std::move(*found);
  if (!lookup.whole_run || !result.run) return result;
  auto snapshot = reader.load_run(result.run->no, false);
  if (!snapshot) return snapshot.error();
  result.snapshot = std::move(*snapshot);
  return result;
}

Result<EventsRead> read_events(storage::JournalReader& reader, const ReadEvents& effect) {
  EventsRead read{.kind = effect.kind, .no = effect.no};
  for (Position pos : effect.events) {
    auto event = reader.event_at(pos);
    if (event && *event) {
      read.events.push_back({pos, std::move(**event)});
    } else if (event) {
      read.events.push_back({pos, Error{ErrorCode::kCorrupt, "it is not there"}});
    } else if (event.error().code == ErrorCode::kCorrupt) {
      read.events.push_back({pos, event.error()});
    } else {
      return event.error();
    }
  }
  return read;
}

}  // namespace stepwell::core
