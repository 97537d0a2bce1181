#include "schema/event.h"

#include "schema/json.h"

namespace stepwell {

size_t text_bytes(const Event& event) {
  return event.name.size() + event.id.size() + event.data.size() + event.user.size() +
         event.version.size();
}

std::string event_json(const Event& event) {
  JsonWriter json;
  json.begin_object().key("data").raw(event.data).key("id").string(event.id);
  json.key("name").string(event.name).key("ts").integer(to_millis(event.ts));
  json.key("user").raw(event.user);
  if (!event.version.empty()) json.key("v").string(event.version);
  return json.end_object().take();
}

bool is_internal_event_name(std::string_view name) {
  constexpr std::string_view kPrefix = "inngest/";
  if (name.size() < kPrefix.size()) return false;
  for (size_t i = 0; i < kPrefix.size(); ++i) {
    char c = name[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c != kPrefix[i]) return false;
  }
  return true;
}

}  // namespace stepwell
