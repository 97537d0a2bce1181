#include "api/server/event_body.h"

#include <fmt/core.h>

#include <charconv>
#include <utility>

#include "schema/encoding.h"
#include "schema/json.h"

namespace stepwell::server {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
// The SDK protocol's own member of `data`; an event from outside has none.
constexpr std::string_view kReservedDataKey = "_inngest";

// Cuts the text of an array into the texts of its elements, without looking at what they are: a
// malformed element must not hide the good ones before it, and a large one not cost a parse.
class ElementCutter {
 public:
  // `text` begins behind the bracket.
  explicit ElementCutter(std::string_view text) : rest_(text) { skip_blanks(); }

  bool is_at_end() const { return rest_.starts_with(']'); }

  // The next element; nothing if the array does not go on as one, or does not end.
  std::optional<std::string_view> next() {
    const size_t end = end_of_element();
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view element = rest_.substr(0, end);
    const bool promises_another = rest_[end] == ',';
    rest_.remove_prefix(promises_another ? end + 1 : end);
    skip_blanks();
    if (promises_another && is_at_end()) rest_ = {};  // so that the next one is an error
    return element;
  }

  // Whether nothing but blanks follows the closing bracket.
  bool ends_properly() const {
    return rest_.substr(1).find_first_not_of(kBlanks) == std::string_view::npos;
  }

 private:
  void skip_blanks() {
    const size_t first = rest_.find_first_not_of(kBlanks);
    rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
  }

  size_t end_of_element() const {
    size_t depth = 0;
    bool is_in_string = false;
    for (size_t i = 0; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (is_in_string) {
        if (c == '\\') ++i;
        if (c == '"') is_in_string = false;
      } else if (c == '"') {
        is_in_string = true;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if ((c == '}' || c == ']') && depth > 0) {
        --depth;
      } else if (depth == 0 && (c == ',' || c == ']')) {
        return i;
      }
    }
    return std::string_view::npos;
  }

  std::string_view rest_;
};

Error invalid(std::string message) {
  return {ErrorCode::kInvalid, std::move(message)};
}

// An optional member that must be a string when it is there; null counts as absent.
Result<std::string> read_string(const JsonView& event, std::string_view key) {
  const std::optional<JsonView> member = event.find(key);
  if (!member || member->is_null()) return std::string();
  std::optional<std::string> text = member->as_string();
  if (!text) return invalid(fmt::format("\"{}\" must be a string", key));
  return std::move(*text);
}

Result<std::string> read_object(const JsonView& event, std::string_view key) {
  const std::optional<JsonView> member = event.find(key);
  if (!member || member->is_null()) return std::string("{}");
  if (!member->is_object()) return invalid(fmt::format("\"{}\" must be an object", key));
  return std::string(member->text());
}

Result<Time> read_ts(const JsonView& event) {
  const std::optional<JsonView> member = event.find("ts");
  if (!member || member->is_null()) return Time{};
  const std::optional<int64_t> millis = member->as_int64();
  if (!millis) return invalid("\"ts\" must be a whole number of milliseconds");
  if (*millis == 0) return Time{};
  if (*millis < to_millis(kEventTimeMin) || *millis >= to_millis(kEventTimeEnd)) {
    return invalid("\"ts\" must be in milliseconds, and lie between the years 1980 and 2100");
  }
  return from_millis(*millis);
}

std::string without_reserved_key(std::string data) {
  const JsonView view = JsonView::trusted(data);
  if (!view.find(kReservedDataKey)) return data;
  JsonWriter writer;
  writer.begin_object();
  for (JsonMembers it = view.members(); it.next();) {
    const std::string key = it.key();
    if (key != kReservedDataKey) writer.key(key).raw(it.value().text());
  }
  return writer.end_object().take();
}

// Reads the event and appends it; the error if it is bad.
std::optional<std::string> append_event(std::string_view json, const std::optional<EventSeed>& seed,
                                        EventBody& body) {
  Result<Event> event = parse_event(json, NameRule::kRequired);
  if (!event) return event.error().message;
  core::AcceptEvents::Item item;
  item.event = std::move(*event);
  if (seed) item.seeded = seed->id_of(static_cast<uint32_t>(body.items.size() + 1));
  body.items.push_back(std::move(item));
  return std::nullopt;
}

void parse_array(std::string_view text, const std::optional<EventSeed>& seed, EventBody& body) {
  ElementCutter cutter(text);
  while (!cutter.is_at_end()) {
    const size_t number = body.items.size() + 1;
    const std::optional<std::string_view> element = cutter.next();
    if (!element) {
      body.error = fmt::format("event {}: the array is malformed or does not end", number);
      return;
    }
    if (number > kEventsPerRequestMax) {
      body.error = fmt::format("more than {} events in one request", kEventsPerRequestMax);
      return;
    }
    if (auto error = append_event(*element, seed, body)) {
      body.error = fmt::format("event {}: {}", number, *error);
      return;
    }
  }
  if (!cutter.ends_properly()) body.error = "there is something behind the array of events";
}

}  // namespace

std::optional<EventSeed> EventSeed::parse(std::string_view text) {
  const size_t comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  int64_t millis = 0;
  const char* digits_end = text.data() + comma;
  const auto [end, error] = std::from_chars(text.data(), digits_end, millis);
  constexpr int64_t kMillisMax = (int64_t{1} << 48) - 1;  // what a ULID holds
  if (error != std::errc() || end != digits_end || millis <= 0 || millis > kMillisMax) {
    return std::nullopt;
  }
  const std::optional<std::string> bytes = base64_decode(text.substr(comma + 1));
  EventSeed seed;
  if (!bytes || bytes->size() != seed.entropy.size()) return std::nullopt;
  seed.time = from_millis(millis);
  std::copy(bytes->begin(), bytes->end(), seed.entropy.begin());
  return seed;
}

EventId EventSeed::id_of(uint32_t index) const {
  // The last four bytes are a big-endian number, to which the index is added; it wraps.
  const auto byte = [this](size_t at) { return static_cast<uint64_t>(entropy[at]); };
  const auto last =
      static_cast<uint32_t>((byte(6) << 24) | (byte(7) << 16) | (byte(8) << 8) | byte(9));
  const auto high = static_cast<uint16_t>((byte(0) << 8) | byte(1));
  const uint64_t middle = (byte(2) << 24) | (byte(3) << 16) | (byte(4) << 8) | byte(5);
  return {Ulid::make(time, high, (middle << 32) | static_cast<uint32_t>(last + index))};
}

Result<Event> parse_event(std::string_view json, NameRule rule) {
  if (json.size() > kEventBytesMax) {
    return invalid(fmt::format("it is larger than {} bytes", kEventBytesMax));
  }
  const Result<JsonView> parsed = parse_json(json);
  if (!parsed) return invalid("it is not valid JSON: " + parsed.error().message);
  if (!parsed->is_object()) return invalid("it must be a JSON object");

  Result<std::string> name = read_string(*parsed, "name");
  if (!name) return name.error();
  if (rule == NameRule::kRequired) {
    if (name->empty()) return invalid("\"name\" is missing");
    if (is_internal_event_name(*name)) {
      return invalid("names that begin with \"inngest/\" are reserved for internal use");
    }
  }
  Result<std::string> id = read_string(*parsed, "id");
  if (!id) return id.error();
  Result<std::string> version = read_string(*parsed, "v");
  if (!version) return version.error();
  Result<std::string> data = read_object(*parsed, "data");
  if (!data) return data.error();
  Result<std::string> user = read_object(*parsed, "user");
  if (!user) return user.error();
  const Result<Time> ts = read_ts(*parsed);
  if (!ts) return ts.error();
  return Event{.name = std::move(*name),
               .id = std::move(*id),
               .data = without_reserved_key(std::move(*data)),
               .user = std::move(*user),
               .version = std::move(*version),
               .ts = *ts};
}

EventBody parse_event_body(std::string_view body, const std::optional<EventSeed>& seed) {
  EventBody parsed;
  const size_t first = body.find_first_not_of(kBlanks);
  if (first != std::string_view::npos && body[first] == '[') {
    parse_array(body.substr(first + 1), seed, parsed);
  } else if (first != std::string_view::npos && body[first] == '{') {
    if (auto error = append_event(body.substr(first), seed, parsed)) parsed.error = *error;
  } else {
    parsed.error = "the body must be an event, as a JSON object, or an array of events";
  }
  return parsed;
}

}  // namespace stepwell::server
