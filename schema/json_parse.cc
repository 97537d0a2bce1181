// The check that stands before every other look at JSON from outside. simdjson checks the UTF-8;
// the grammar is checked here in one pass, because simdjson refuses two things that SDKs send
// (integers over 64 bits, escapes of lone surrogates) and its errors do not say where the fault is.
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>

#include "schema/json.h"
#include "schema/json_grammar.h"
#include "schema/utf8.h"

namespace stepwell {
namespace {

constexpr std::array<bool, 256> kEndsStringRun = [] {
  std::array<bool, 256> table{};
  for (size_t c = 0; c < 0x20; ++c) table[c] = true;
  table['"'] = true;
  table['\\'] = true;
  return table;
}();

// Whether one of eight bytes is a quote, a backslash or a control character.
bool ends_string_run(uint64_t bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  const uint64_t quotes = bytes ^ (kOnes * '"');
  const uint64_t backslashes = bytes ^ (kOnes * '\\');
  const uint64_t controls = (bytes - kOnes * 0x20) & ~bytes;
  return ((controls | ((quotes - kOnes) & ~quotes) | ((backslashes - kOnes) & ~backslashes)) &
          kHighs) != 0;
}

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

class Validator {
 public:
  // Without limits: by the grammar alone.
  Validator(std::string_view text, std::optional<JsonLimits> limits)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), limits_(limits) {}

  // Checks the whole text; the value's own text, or where and what the first fault is.
  Result<std::string_view> run() {
    skip_space();
    const char* first = at_;
    while (!is_complete_) {
      if (!begin_value() || !after_value()) return error();
    }
    const std::string_view value(first, static_cast<size_t>(at_ - first));
    skip_space();
    if (at_ != end_) {
      fail("unexpected text behind the value");
      return error();
    }
    return value;
  }

 private:
  // Reads a scalar, an empty container, or opens containers down to the first of these.
  bool begin_value();
  // Behind a value: closes containers that end here and stops where the next value begins.
  bool after_value();
  bool open(char bracket);
  bool member_name();
  bool string();
  bool escape();
  bool number();
  bool digits();
  bool literal(std::string_view word);

  // The byte under the scanner; NUL, which is valid nowhere outside of strings, at the end.
  char peek() const { return at_ == end_ ? '\0' : *at_; }
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool fail(const char* problem) {
    problem_ = at_ == end_ ? "the text ends too early" : problem;
    return false;
  }
  Error error() const {
    return {ErrorCode::kInvalid,
            std::string("invalid JSON at byte ") + std::to_string(at_ - begin_) + ": " + problem_};
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  std::optional<JsonLimits> limits_;
  std::string open_;  // the brackets that are open, outermost first
  bool is_complete_ = false;
  const char* problem_ = "";
};

bool Validator::begin_value() {
  for (;;) {
    skip_space();
    switch (peek()) {
      case '{':
        if (!open('{')) return false;
        if (peek() == '}') return true;
        if (!member_name()) return false;
        continue;
      case '[':
        if (!open('[')) return false;
        if (peek() == ']') return true;
        continue;
      case '"':
        return string();
      case 't':
        return literal("true");
      case 'f':
        return literal("false");
      case 'n':
        return literal("null");
      default:
        return number();
    }
  }
}

bool Validator::after_value() {
  while (!open_.empty()) {
    skip_space();
    const bool in_object = open_.back() == '{';
    const char c = peek();
    if (c == ',') {
      // An empty container stops before its bracket, so a comma here follows a value.
      ++at_;
      skip_space();
      return in_object ? member_name() : true;
    }
    if (c != (in_object ? '}' : ']')) {
      return fail(in_object ? "expected ',' or '}'" : "expected ',' or ']'");
    }
    ++at_;
    open_.pop_back();
  }
  is_complete_ = true;
  return true;
}

bool Validator::open(char bracket) {
  if (limits_ && open_.size() >= static_cast<size_t>(std::max(limits_->max_depth, 0))) {
    return fail("arrays and objects are nested too deeply");
  }
  open_.push_back(bracket);
  ++at_;
  skip_space();
  return true;
}

bool Validator::member_name() {
  if (peek() != '"') return fail("expected a member name in quotes");
  if (!string()) return false;
  skip_space();
  if (peek() != ':') return fail("expected ':' behind a member name");
  ++at_;
  return true;
}

bool Validator::string() {
  ++at_;
  for (;;) {
    while (end_ - at_ >= 8) {
      uint64_t bytes;
      std::memcpy(&bytes, at_, sizeof(bytes));
      if (ends_string_run(bytes)) break;
      at_ += 8;
    }
    while (at_ != end_ && !kEndsStringRun[static_cast<unsigned char>(*at_)]) ++at_;
    if (peek() == '"') break;
    if (peek() != '\\') return fail("a control character in a string must be escaped");
    if (!escape()) return false;
  }
  ++at_;
  return true;
}

bool Validator::escape() {
  ++at_;
  const char kind = peek();
  if (kind != 'u') {
    if (kind == '\0' || std::strchr("\"\\/bfnrt", kind) == nullptr) return fail("unknown escape");
    ++at_;
    return true;
  }
  ++at_;
  for (int i = 0; i < 4; ++i, ++at_) {
    if (!is_hex_digit(peek())) return fail("expected four hexadecimal digits behind \\u");
  }
  return true;
}

bool Validator::number() {
  const char* first = at_;
  if (peek() == '-') ++at_;
  if (peek() == '0') {
    ++at_;
  } else if (!digits()) {
    return fail("expected a value");
  }
  if (peek() == '.') {
    ++at_;
    if (!digits()) return fail("expected a digit behind the decimal point");
  }
  const bool has_exponent = peek() == 'e' || peek() == 'E';
  if (has_exponent) {
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (!digits()) return fail("expected a digit in the exponent");
  }
  constexpr ptrdiff_t kDoubleDigitsMax =
      308;  // shorter numbers without an exponent are none beyond
  if (!limits_ || (!has_exponent && at_ - first <= kDoubleDigitsMax)) return true;
  const std::string_view number(first, static_cast<size_t>(at_ - first));
  if (std::isfinite(*JsonView::trusted(number).as_double())) return true;
  at_ = first;
  return fail("the number is too large for a double");
}

bool Validator::digits() {
  const char* first = at_;
  while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
  return at_ != first;
}

bool Validator::literal(std::string_view word) {
  for (const char c : word) {
    if (peek() != c) return fail("expected a value");
    ++at_;
  }
  return true;
}

}  // namespace

Result<JsonView> parse_json(std::string_view text, JsonLimits limits) {
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    return Error{ErrorCode::kInvalid, "invalid JSON at byte " +
                                          std::to_string(valid_utf8_length(text)) +
                                          ": the text is not UTF-8"};
  }
  const Result<std::string_view> value = Validator(text, limits).run();
  if (!value.ok()) return value.error();
  return JsonView::trusted(*value);
}

bool is_json(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size()) &&
         Validator(text, std::nullopt).run().ok();
}

}  // namespace stepwell
