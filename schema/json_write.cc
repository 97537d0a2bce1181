#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "schema/json.h"
#include "schema/json_escape.h"
#include "schema/utf8.h"

namespace stepwell {
namespace {

constexpr std::array<bool, 256> kNeedsCare = [] {
  std::array<bool, 256> table{};
  for (size_t c = 0; c < 0x20; ++c) table[c] = true;
  for (size_t c = 0x80; c < 0x100; ++c) table[c] = true;
  table['"'] = true;
  table['\\'] = true;
  return table;
}();

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr std::string_view kPlain = "\"\\\b\f\n\r\t";
  constexpr std::string_view kShort = "\"\\bfnrt";
  out += '\\';
  if (const size_t index = kPlain.find(c); index != std::string_view::npos) {
    out += kShort[index];
    return;
  }
  out += "u00";
  out += kDigits[static_cast<unsigned char>(c) >> 4];
  out += kDigits[static_cast<unsigned char>(c) & 0xF];
}

// The shortest decimal digits that read back as the same double, and the power of ten of the first.
struct ShortestDigits {
  std::array<char, 20> digits;
  int count = 0;
  int exponent = 0;
};

ShortestDigits shortest_digits(double magnitude) {
  std::array<char, 40> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), magnitude,
                                     std::chars_format::scientific);
  ShortestDigits result;
  const char* at = text.data();
  for (; *at != 'e'; ++at) {
    if (*at != '.') result.digits[static_cast<size_t>(result.count++)] = *at;
  }
  ++at;
  if (*at == '+') ++at;
  std::from_chars(at, written.ptr, result.exponent);
  return result;
}

void append_integer(std::string& out, int64_t value) {
  std::array<char, 24> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), written.ptr);
}

// ECMA-262, Number::toString: plain digits from 1e-6 up to 1e21, else an exponent.
void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  if (value == 0) {
    out += '0';  // also for -0
    return;
  }
  if (value < 0) out += '-';
  const ShortestDigits shortest = shortest_digits(std::fabs(value));
  const std::string_view digits(shortest.digits.data(), static_cast<size_t>(shortest.count));
  const int point = shortest.exponent + 1;  // digits in front of the decimal point
  if (point > 21 || point < -5) {
    out += digits[0];
    if (digits.size() > 1) out.append(".").append(digits.substr(1));
    out.append(shortest.exponent < 0 ? "e" : "e+");
    append_integer(out, shortest.exponent);
  } else if (point <= 0) {
    out.append("0.").append(static_cast<size_t>(-point), '0').append(digits);
  } else if (shortest.count <= point) {
    out.append(digits).append(static_cast<size_t>(point - shortest.count), '0');
  } else {
    const auto whole = static_cast<size_t>(point);
    out.append(digits.substr(0, whole)).append(".").append(digits.substr(whole));
  }
}

}  // namespace

void append_json_code_point(std::string& out, char32_t code_point) {
  const bool is_escaped = code_point < 0x80 && kNeedsCare[code_point];
  if (is_escaped) {
    append_escaped(out, static_cast<char>(code_point));
  } else {
    append_utf8(out, code_point);
  }
}

void append_json_quoted(std::string& out, std::string_view text) {
  out += '"';
  size_t at = 0;
  while (at < text.size()) {
    size_t run = at;
    while (run < text.size() && !kNeedsCare[static_cast<unsigned char>(text[run])]) ++run;
    out.append(text, at, run - at);
    at = run;
    if (at == text.size()) break;
    const Utf8Decoded decoded = decode_utf8(text, at);
    append_json_code_point(out, decoded.code_point);
    at += decoded.length;
  }
  out += '"';
}

std::string json_quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_json_quoted(out, text);
  return out;
}

std::string json_number(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  text_ += '{';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  text_ += '}';
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  text_ += '[';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  text_ += ']';
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_quoted(text_, name);
  text_ += ':';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) {
  separate();
  append_json_quoted(text_, value);
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::integer(int64_t value) {
  separate();
  append_integer(text_, value);
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  separate();
  append_number(text_, value);
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  return raw(value ? "true" : "false");
}

JsonWriter& JsonWriter::null() {
  return raw("null");
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  text_ += json;
  needs_comma_ = true;
  return *this;
}

void JsonWriter::separate() {
  if (needs_comma_) text_ += ',';
}

}  // namespace stepwell
