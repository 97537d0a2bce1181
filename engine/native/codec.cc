// The public codec (stepwell/codec.h) on top of the engine's own JSON.
#include "stepwell/codec.h"

#include "stepwell/json_schema.h"

#include <fmt/core.h>

#include <charconv>
#include <limits>

#include "schema/json.h"

namespace stepwell {
namespace {

// Long payloads are cut in messages.
std::string shown(std::string_view json) {
  constexpr size_t kShown = 60;
  if (json.size() <= kShown) return std::string(json);
  return std::string(json.substr(0, kShown)) + "…";
}

[[noreturn]] void throw_expected(std::string_view what, std::string_view json) {
  throw DecodeError(fmt::format("expected {}, found {}", what, shown(json)));
}

}  // namespace

void Encoder::separate() {
  if (needs_comma_) text_ += ',';
  needs_comma_ = true;
}

void Encoder::null() {
  separate();
  text_ += "null";
}

void Encoder::boolean(bool value) {
  separate();
  text_ += value ? "true" : "false";
}

void Encoder::integer(int64_t value) {
  separate();
  char digits[24];
  text_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void Encoder::unsigned_integer(uint64_t value) {
  separate();
  char digits[24];
  text_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void Encoder::number(double value) {
  separate();
  text_ += json_number(value);
}

void Encoder::string(std::string_view value) {
  separate();
  append_json_quoted(text_, value);
}

void Encoder::raw(std::string_view json) {
  separate();
  text_ += json;
}

void Encoder::begin_object() {
  separate();
  text_ += '{';
  needs_comma_ = false;
}

void Encoder::key(std::string_view name) {
  separate();
  append_json_quoted(text_, name);
  text_ += ':';
  needs_comma_ = false;
}

void Encoder::end_object() {
  text_ += '}';
  needs_comma_ = true;
}

void Encoder::begin_array() {
  separate();
  text_ += '[';
  needs_comma_ = false;
}

void Encoder::end_array() {
  text_ += ']';
  needs_comma_ = true;
}

bool Decoder::is_null() const {
  return JsonView::trusted(text_).type() == JsonType::kNull;
}

bool Decoder::is_string() const {
  return JsonView::trusted(text_).type() == JsonType::kString;
}

bool Decoder::is_object() const {
  return JsonView::trusted(text_).type() == JsonType::kObject;
}

bool Decoder::is_array() const {
  return JsonView::trusted(text_).type() == JsonType::kArray;
}

bool Decoder::as_bool() const {
  if (auto value = JsonView::trusted(text_).as_bool()) return *value;
  throw_expected("true or false", text_);
}

int64_t Decoder::as_int64() const {
  if (auto value = JsonView::trusted(text_).as_int64()) return *value;
  throw_expected("a whole number", text_);
}

uint64_t Decoder::as_uint64() const {
  if (auto value = JsonView::trusted(text_).as_int64(); value && *value >= 0) {
    return static_cast<uint64_t>(*value);
  }
  // Above what int64_t holds only plain digits are taken, as our own encoder writes them.
  uint64_t wide = 0;
  std::string_view digits = JsonView::trusted(text_).text();
  auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), wide);
  if (fault == std::errc() && end == digits.data() + digits.size()) return wide;
  throw_expected("a whole number that is not negative", text_);
}

double Decoder::as_double() const {
  if (is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (auto value = JsonView::trusted(text_).as_double()) return *value;
  throw_expected("a number", text_);
}

std::string Decoder::as_string() const {
  if (auto value = JsonView::trusted(text_).as_string()) return *std::move(value);
  throw_expected("a string", text_);
}

std::optional<Decoder> Decoder::member(std::string_view name) const {
  if (!is_object()) throw_expected("an object", text_);
  auto found = JsonView::trusted(text_).find(name);
  if (!found) return std::nullopt;
  return Decoder(found->text());
}

void Decoder::members(std::span<const std::string_view> names,
                      std::span<std::optional<Decoder>> values) const {
  if (!is_object()) throw_expected("an object", text_);
  for (JsonMembers it = JsonView::trusted(text_).members(); it.next();) {
    bool is_plain = it.raw_key().find('\\') == std::string_view::npos;
    std::string unescaped = is_plain ? std::string() : it.key();
    std::string_view key = is_plain ? it.raw_key() : std::string_view(unescaped);
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == key) values[i] = Decoder(it.value().text());
    }
  }
}

void Decoder::each_element(const std::function<void(const Decoder&)>& visit) const {
  if (!is_array()) throw_expected("an array", text_);
  for (JsonElements it = JsonView::trusted(text_).elements(); it.next();) {
    visit(Decoder(it.value().text()));
  }
}

void Decoder::each_member(
    const std::function<void(const std::string&, const Decoder&)>& visit) const {
  if (!is_object()) throw_expected("an object", text_);
  for (JsonMembers it = JsonView::trusted(text_).members(); it.next();) {
    visit(it.key(), Decoder(it.value().text()));
  }
}

RawJson parse_raw_json(std::string text) {
  auto parsed = parse_json(text);
  if (!parsed) throw DecodeError(parsed.error().message);
  return RawJson(std::move(text));
}

namespace detail {

void rethrow_in_member(std::string_view member, const DecodeError& error) {
  throw DecodeError(fmt::format("{}: {}", member, error.what()));
}

void write_type(Encoder& encoder, std::string_view name) {
  encoder.begin_object();
  encoder.key("type");
  encoder.string(name);
  encoder.end_object();
}

void write_whole_number(Encoder& encoder, bool is_signed) {
  encoder.begin_object();
  encoder.key("type");
  encoder.string("integer");
  if (!is_signed) {
    encoder.key("minimum");
    encoder.integer(0);
  }
  encoder.end_object();
}

void throw_missing_member(std::string_view type, std::string_view member) {
  throw DecodeError(fmt::format("{} is missing from {}", member, type));
}

}  // namespace detail
}  // namespace stepwell
