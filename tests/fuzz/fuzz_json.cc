// JSON: parse_json against simdjson's own verdict and values, JsonView on broken text, quoting, and
// the canonical form.
#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/check.h"
#include "schema/jcs.h"
#include "schema/json.h"
#include "schema/utf8.h"

using namespace stepwell;

namespace {

// Compares a value with simdjson's reading of it, all the way down.
void compare(JsonView ours, simdjson::dom::element theirs) {
  switch (theirs.type()) {
    case simdjson::dom::element_type::OBJECT: {
      JsonMembers it = ours.members();
      for (const auto& member : simdjson::dom::object(theirs)) {
        CHECK_INVARIANT(it.next() && it.key() == member.key);
        compare(it.value(), member.value);
      }
      CHECK_INVARIANT(ours.is_object() && !it.next());
      break;
    }
    case simdjson::dom::element_type::ARRAY: {
      JsonElements it = ours.elements();
      for (const simdjson::dom::element element : simdjson::dom::array(theirs)) {
        CHECK_INVARIANT(it.next());
        compare(it.value(), element);
      }
      CHECK_INVARIANT(ours.is_array() && !it.next());
      break;
    }
    case simdjson::dom::element_type::STRING:
      CHECK_INVARIANT(ours.as_string() == std::string_view(theirs));
      break;
    case simdjson::dom::element_type::INT64:
      CHECK_INVARIANT(ours.as_int64() == int64_t(theirs));
      break;
    case simdjson::dom::element_type::UINT64:
      CHECK_INVARIANT(!ours.as_int64() && ours.as_double() == double(uint64_t(theirs)));
      break;
    case simdjson::dom::element_type::DOUBLE:
      CHECK_INVARIANT(ours.as_double() == double(theirs));
      break;
    case simdjson::dom::element_type::BOOL:
      CHECK_INVARIANT(ours.as_bool() == bool(theirs));
      break;
    case simdjson::dom::element_type::NULL_VALUE:
      CHECK_INVARIANT(ours.is_null());
      break;
  }
}

// What simdjson refuses and parse_json means to accept.
bool is_meant_to_differ(simdjson::error_code error) {
  return error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR;
}

void check_against_simdjson(std::string_view text) {
  static simdjson::dom::parser parser;
  simdjson::dom::element theirs;
  const simdjson::error_code error =
      parser.parse(simdjson::padded_string(text.data(), text.size())).get(theirs);
  if (error == simdjson::DEPTH_ERROR) return;
  const auto ours = parse_json(text, {.max_depth = 1 << 20});
  CHECK_INVARIANT(ours.ok() ? error == simdjson::SUCCESS || is_meant_to_differ(error)
                            : error != simdjson::SUCCESS);
  if (ours.ok() && error == simdjson::SUCCESS) compare(*ours, theirs);
}

// Looks at everything; the result only keeps the compiler from leaving that out.
size_t walk(JsonView view, int levels) {
  size_t seen = view.as_string().value_or("").size() + view.as_int64().has_value() +
                view.as_double().has_value() + view.as_bool().has_value();
  if (levels == 0) return seen;
  for (JsonMembers it = view.members(); it.next();) {
    seen += view.find(it.key()).has_value() + walk(it.value(), levels - 1);
  }
  for (JsonElements it = view.elements(); it.next();) seen += walk(it.value(), levels - 1);
  return seen;
}

void check_quoting(std::string_view bytes) {
  const std::string quoted = json_quote(bytes);
  const auto view = parse_json(quoted);
  CHECK_INVARIANT(view.ok() && json_quote(*view->as_string()) == quoted);
  const bool is_utf8 = valid_utf8_length(bytes) == bytes.size();
  CHECK_INVARIANT((view->as_string() == bytes) == is_utf8);
}

void check_canonical_form(std::string_view text) {
  const auto canonical = canonicalize_json(text);
  if (!canonical.ok()) return;
  const auto again = canonicalize_json(*canonical);
  CHECK_INVARIANT(again.ok() && *again == *canonical);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_against_simdjson(input);
  constexpr int kLevels = 8;
  CHECK_INVARIANT(walk(JsonView::trusted(input), kLevels) < (size_t{1} << 40));
  check_quoting(input);
  check_canonical_form(input);
  return 0;
}
