#include "schema/jcs.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "schema/json_escape.h"
#include "schema/utf8.h"

namespace stepwell {
namespace {

void append_utf16(std::u16string& out, char32_t code_point) {
  if (code_point < 0x10000) {
    out += static_cast<char16_t>(code_point);
    return;
  }
  out += static_cast<char16_t>(0xD800 + ((code_point - 0x10000) >> 10));
  out += static_cast<char16_t>(0xDC00 + ((code_point - 0x10000) & 0x3FF));
}

// The code units of a JSON string, `raw` being what stands between its quotes.
std::u16string utf16_of(std::string_view raw) {
  std::u16string units;
  units.reserve(raw.size());
  size_t at = 0;
  while (at < raw.size()) {
    if (raw[at] == '\\') {
      append_utf16(units, read_json_escape(raw, at));
    } else {
      const Utf8Decoded decoded = decode_utf8(raw, at);
      append_utf16(units, decoded.code_point);
      at += decoded.length;
    }
  }
  return units;
}

void append_lone_surrogate(std::string& out, char16_t unit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[(unit >> shift) & 0xF];
}

void append_quoted(std::string& out, std::string_view raw) {
  // Valid JSON without a backslash holds nothing that an escape would be written for.
  if (raw.find('\\') == std::string_view::npos) {
    out.append(1, '"').append(raw).append(1, '"');
    return;
  }
  out += '"';
  size_t at = 0;
  while (at < raw.size()) {
    const size_t escape = std::min(raw.find('\\', at), raw.size());
    out.append(raw, at, escape - at);
    at = escape;
    if (at == raw.size()) break;
    const char32_t code_point = read_json_escape(raw, at);
    if (is_high_surrogate(code_point) || is_low_surrogate(code_point)) {
      append_lone_surrogate(out, static_cast<char16_t>(code_point));
    } else {
      append_json_code_point(out, code_point);
    }
  }
  out += '"';
}

class Canonicalizer {
 public:
  // False if a number is out of range; the text is broken then.
  bool append(JsonView value) {
    switch (value.type()) {
      case JsonType::kObject:
        return append_object(value);
      case JsonType::kArray:
        return append_array(value);
      case JsonType::kNumber:
        return append_number(value);
      case JsonType::kString:
        append_quoted(text_, value.text().substr(1, value.text().size() - 2));
        return true;
      case JsonType::kBool:
      case JsonType::kNull:
        text_ += value.text();
        return true;
    }
    return true;
  }

  std::string take() { return std::move(text_); }

 private:
  struct Member {
    std::u16string order;
    std::string_view raw_key;
    JsonView value;
  };

  // Sorted by name; of members with the same name the last one only.
  static std::vector<Member> sorted_members(JsonView object) {
    std::vector<Member> members;
    for (JsonMembers it = object.members(); it.next();) {
      members.push_back({utf16_of(it.raw_key()), it.raw_key(), it.value()});
    }
    std::stable_sort(members.begin(), members.end(), [](const Member& left, const Member& right) {
      return left.order < right.order;
    });
    const auto last_of_each = std::unique(
        members.rbegin(), members.rend(),
        [](const Member& left, const Member& right) { return left.order == right.order; });
    members.erase(members.begin(), last_of_each.base());
    return members;
  }

  bool append_object(JsonView object) {
    text_ += '{';
    bool is_first = true;
    for (const Member& member : sorted_members(object)) {
      if (!is_first) text_ += ',';
      is_first = false;
      append_quoted(text_, member.raw_key);
      text_ += ':';
      if (!append(member.value)) return false;
    }
    text_ += '}';
    return true;
  }

  bool append_array(JsonView array) {
    text_ += '[';
    bool is_first = true;
    for (JsonElements it = array.elements(); it.next();) {
      if (!is_first) text_ += ',';
      is_first = false;
      if (!append(it.value())) return false;
    }
    text_ += ']';
    return true;
  }

  bool append_number(JsonView number) {
    const double value = number.as_double().value_or(0);
    if (!std::isfinite(value)) return false;
    text_ += json_number(value);
    return true;
  }

  std::string text_;
};

}  // namespace

Result<std::string> canonicalize_json(std::string_view text, JsonLimits limits) {
  const Result<JsonView> value = parse_json(text, limits);
  if (!value.ok()) return value.error();
  Canonicalizer canonicalizer;
  if (!canonicalizer.append(*value)) {
    return Error{ErrorCode::kInvalid,
                 "JSON with a number that is out of a double's range has no canonical form"};
  }
  return canonicalizer.take();
}

}  // namespace stepwell
