#include "engine/flow/book_rows.h"

#include "schema/json.h"

namespace stepwell::flow {
namespace {

// Reads members; remembers whether one was missing.
class Members {
 public:
  explicit Members(std::string_view data) {
    Result<JsonView> parsed = parse_json(data);
    if (parsed) object_ = *parsed;
    is_sound_ = parsed.ok();
  }

  std::optional<int64_t> find(std::string_view name) const {
    const auto value = is_sound_ ? object_.find(name) : std::nullopt;
    return value ? value->as_int64() : std::nullopt;
  }
  int64_t integer(std::string_view name) {
    const std::optional<int64_t> value = find(name);
    is_sound_ &= value.has_value();
    return value.value_or(0);
  }
  Position position(std::string_view name) { return static_cast<Position>(integer(name)); }
  Time time(std::string_view name) { return from_millis(integer(name)); }

  std::optional<InvokedBy> invoker() {
    const std::optional<int64_t> run = find("r");
    if (!run) return std::nullopt;
    const auto text = object_.find("s");
    const auto step = text ? StepKey::parse(text->as_string().value_or("")) : std::nullopt;
    is_sound_ &= step.has_value();
    return InvokedBy{static_cast<RunNo>(*run), step.value_or(StepKey{})};
  }

  bool is_sound() const { return is_sound_; }

 private:
  JsonView object_;
  bool is_sound_ = true;
};

void write_position(JsonWriter& json, std::string_view name, Position pos) {
  json.key(name).integer(static_cast<int64_t>(pos));
}

void write_invoker(JsonWriter& json, const std::optional<InvokedBy>& invoker) {
  if (!invoker) return;
  write_position(json, "r", invoker->run);
  json.key("s").string(invoker->step.to_string());
}

}  // namespace

std::string row_of(const DebounceWindow& window) {
  JsonWriter json;
  json.begin_object();
  write_position(json, "e", window.event);
  write_position(json, "f", window.first_event);
  json.key("ts").integer(to_millis(window.ts));
  json.key("o").integer(to_millis(window.opened_at));
  json.key("n").integer(window.events);
  if (window.has_user_id) json.key("u").integer(1);
  write_invoker(json, window.invoker);
  return json.end_object().take();
}

std::optional<DebounceWindow> debounce_of(Place place, Position no, Time due,
                                          std::string_view data) {
  Members members(data);
  DebounceWindow window{.no = no,
                        .place = std::move(place),
                        .first_event = members.position("f"),
                        .event = members.position("e"),
                        .ts = members.time("ts"),
                        .has_user_id = members.find("u").has_value(),
                        .invoker = members.invoker(),
                        .opened_at = members.time("o"),
                        .due = due,
                        .events = static_cast<uint32_t>(members.integer("n"))};
  if (!members.is_sound()) return std::nullopt;
  return window;
}

std::string row_of(const EventBatch& batch) {
  JsonWriter json;
  json.begin_object().key("o").integer(to_millis(batch.opened_at));
  return json.end_object().take();
}

std::optional<EventBatch> batch_of(Place place, Position no, Time due, std::string_view data) {
  Members members(data);
  EventBatch batch{.no = no, .place = std::move(place), .opened_at = members.time("o"), .due = due};
  if (!members.is_sound()) return std::nullopt;
  return batch;
}

std::string row_of(const BatchedEventRow& row) {
  JsonWriter json;
  json.begin_object();
  write_position(json, "b", row.batch);
  write_position(json, "e", row.event.pos);
  json.key("n").integer(static_cast<int64_t>(row.event.bytes));
  if (row.event.has_user_id) json.key("u").integer(1);
  write_invoker(json, row.event.invoker);
  return json.end_object().take();
}

std::optional<BatchedEventRow> batched_event_of(Position row, std::string_view data) {
  Members members(data);
  BatchedEventRow result{.batch = members.position("b"),
                         .event = {.pos = members.position("e"),
                                   .row = row,
                                   .bytes = static_cast<size_t>(members.integer("n")),
                                   .has_user_id = members.find("u").has_value(),
                                   .invoker = members.invoker()}};
  if (!members.is_sound()) return std::nullopt;
  return result;
}

std::string row_of(const RateEntry& entry) {
  JsonWriter json;
  json.begin_object().key("n").integer(entry.count);
  return json.end_object().take();
}

std::optional<RateEntry> rate_of(Position pos, Time at, std::string_view data) {
  Members members(data);
  RateEntry entry{pos, at, static_cast<uint32_t>(members.integer("n"))};
  if (!members.is_sound()) return std::nullopt;
  return entry;
}

}  // namespace stepwell::flow
