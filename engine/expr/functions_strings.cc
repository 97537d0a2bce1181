// The strings library. Positions count code points.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/expr/functions.h"
#include "engine/expr/operators.h"
#include "engine/expr/string_format.h"
#include "engine/expr/unicode.h"
#include "schema/utf8.h"

namespace stepwell::expr {
namespace {

using Args = std::span<const Value>;

constexpr size_t kBytesPerUnit = 16;

Value out_of_range() {
  return Value::error("index out of range");
}

bool all_strings(Args args) {
  return std::all_of(args.begin(), args.end(),
                     [](const Value& arg) { return arg.is(Kind::kString); });
}

Value copied(Frame& frame, std::string_view text) {
  if (!frame.spend(1 + text.size() / kBytesPerUnit)) return over_budget();
  return Value::string(frame.arena.copy(text));
}

// The byte offset of a position given by the user.
std::optional<size_t> offset_of(std::string_view text, const Value& position) {
  if (position.as_int() < 0) return std::nullopt;
  return code_point_offset(text, static_cast<size_t>(position.as_int()));
}

Value position_of(std::string_view text, size_t offset) {
  return Value::integer(static_cast<int64_t>(count_code_points(text.substr(0, offset))));
}

Value char_at(Frame&, Args args) {
  if (!args[0].is(Kind::kString) || !args[1].is(Kind::kInt)) return no_overload();
  const std::string_view text = args[0].text();
  const auto offset = offset_of(text, args[1]);
  if (!offset) return out_of_range();
  if (*offset == text.size()) return Value::string("");
  return Value::string(text.substr(*offset, decode_utf8(text, *offset).length));
}

Value index_of(Frame& frame, Args args) {
  if (!all_strings(args.first(2))) return no_overload();
  if (args.size() == 3 && !args[2].is(Kind::kInt)) return no_overload();
  if (!frame.spend(size_cost(args[0]))) return over_budget();
  const std::string_view text = args[0].text();
  const auto from = args.size() == 3 ? offset_of(text, args[2]) : size_t{0};
  if (!from) return out_of_range();
  const size_t found = text.find(args[1].text(), *from);
  return found == std::string_view::npos ? Value::integer(-1) : position_of(text, found);
}

Value last_index_of(Frame& frame, Args args) {
  if (!all_strings(args.first(2))) return no_overload();
  if (args.size() == 3 && !args[2].is(Kind::kInt)) return no_overload();
  if (!frame.spend(size_cost(args[0]))) return over_budget();
  const std::string_view text = args[0].text();
  const auto from = args.size() == 3 ? offset_of(text, args[2]) : text.size();
  if (!from) return out_of_range();
  const size_t found = text.rfind(args[1].text(), *from);
  return found == std::string_view::npos ? Value::integer(-1) : position_of(text, found);
}

template <char kFirst>
Value map_ascii(Frame& frame, Args args) {
  if (!args[0].is(Kind::kString)) return no_overload();
  std::string text(args[0].text());
  for (char& c : text) {
    if (c >= kFirst && c <= kFirst + 25) c = static_cast<char>(c ^ 0x20);
  }
  return copied(frame, text);
}

// Where `part` stands next, for replacing and splitting: an empty part stands between any two code
// points (and, for replacing, at both ends).
size_t find_part(std::string_view text, std::string_view part, size_t from) {
  return part.empty() ? from : text.find(part, from);
}

Value replace(Frame& frame, Args args) {
  if (!all_strings(args.first(3))) return no_overload();
  if (args.size() == 4 && !args[3].is(Kind::kInt)) return no_overload();
  const std::string_view text = args[0].text();
  const std::string_view part = args[1].text();
  const std::string_view with = args[2].text();
  int64_t left = args.size() == 4 && args[3].as_int() >= 0 ? args[3].as_int() : INT64_MAX;
  if (!frame.spend(size_cost(args[0]))) return over_budget();
  std::string out;
  size_t at = 0;
  while (left > 0) {
    const size_t found = find_part(text, part, at);
    if (found == std::string_view::npos) break;
    if (!frame.spend(1 + with.size() / kBytesPerUnit)) return over_budget();
    out.append(text, at, found - at).append(with);
    at = found + part.size();
    --left;
    if (!part.empty()) continue;
    if (at == text.size()) break;
    const size_t length = decode_utf8(text, at).length;
    out.append(text, at, length);
    at += length;
  }
  return copied(frame, out.append(text.substr(std::min(at, text.size()))));
}

Value as_list(Frame& frame, const std::vector<std::string_view>& parts) {
  if (!frame.spend(parts.size())) return over_budget();
  Value* items = frame.arena.allocate<Value>(parts.size());
  std::transform(parts.begin(), parts.end(), items,
                 [](std::string_view part) { return Value::string(part); });
  return Value::list({items, parts.size()});
}

Value split(Frame& frame, Args args) {
  if (!all_strings(args.first(2))) return no_overload();
  if (args.size() == 3 && !args[2].is(Kind::kInt)) return no_overload();
  const std::string_view text = args[0].text();
  const std::string_view separator = args[1].text();
  const int64_t limit = args.size() == 3 && args[2].as_int() >= 0 ? args[2].as_int() : INT64_MAX;
  if (!frame.spend(size_cost(args[0]))) return over_budget();
  std::vector<std::string_view> parts;
  if (limit == 0 || (text.empty() && separator.empty())) return as_list(frame, parts);
  size_t at = 0;
  while (static_cast<int64_t>(parts.size()) < limit - 1) {
    const size_t end =
        separator.empty() ? at + decode_utf8(text, at).length : text.find(separator, at);
    if (end == std::string_view::npos || (separator.empty() && end >= text.size())) break;
    parts.push_back(text.substr(at, end - at));
    at = end + separator.size();
  }
  parts.push_back(text.substr(at));
  return as_list(frame, parts);
}

Value join(Frame& frame, Args args) {
  if (!args[0].is(Kind::kList) || !all_strings(args.subspan(1))) return no_overload();
  const std::string_view separator = args.size() == 2 ? args[1].text() : std::string_view();
  const auto items = list_items(args[0], frame.arena);
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is(Kind::kString)) return no_overload();
    if (!frame.spend(size_cost(items[i]) + separator.size() / kBytesPerUnit)) return over_budget();
    if (i > 0) out += separator;
    out += items[i].text();
  }
  return copied(frame, out);
}

Value substring(Frame&, Args args) {
  if (!args[0].is(Kind::kString)) return no_overload();
  for (const Value& position : args.subspan(1)) {
    if (!position.is(Kind::kInt)) return no_overload();
  }
  const std::string_view text = args[0].text();
  const auto begin = offset_of(text, args[1]);
  const auto end = args.size() == 3 ? offset_of(text, args[2]) : text.size();
  if (!begin || !end || *begin > *end) return out_of_range();
  return Value::string(text.substr(*begin, *end - *begin));
}

bool is_space(char32_t point) {
  return (point >= 0x09 && point <= 0x0D) || point == 0x20 || point == 0x85 || point == 0xA0 ||
         point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 ||
         point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000;
}

Value trim(Frame& frame, Args args) {
  if (!args[0].is(Kind::kString)) return no_overload();
  if (!frame.spend(size_cost(args[0]))) return over_budget();
  const std::string_view text = args[0].text();
  size_t begin = text.size();
  size_t end = text.size();
  for (size_t at = 0; at < text.size();) {
    const Utf8Decoded decoded = decode_utf8(text, at);
    if (!is_space(decoded.code_point)) {
      begin = std::min(begin, at);
      end = at + decoded.length;
    }
    at += decoded.length;
  }
  return Value::string(text.substr(begin, end - begin));
}

Value reverse(Frame& frame, Args args) {
  if (!args[0].is(Kind::kString)) return no_overload();
  const std::string_view text = args[0].text();
  std::string out;
  for (size_t at = text.size(); at > 0;) {
    size_t begin = at - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    out.append(text, begin, at - begin);
    at = begin;
  }
  return copied(frame, out);
}

Value quote(Frame& frame, Args args) {
  if (!args[0].is(Kind::kString)) return no_overload();
  static constexpr std::string_view kControl = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view kNames = "abfnrtv\\\"";
  std::string out = "\"";
  for (const char c : args[0].text()) {
    const size_t escape = kControl.find(c);
    if (escape == std::string_view::npos) {
      out += c;
    } else {
      (out += '\\') += kNames[escape];
    }
  }
  return copied(frame, out + '"');
}

Value format(Frame& frame, Args args) {
  if (!args[0].is(Kind::kString) || !args[1].is(Kind::kList)) return no_overload();
  return format_string(frame, args[0].text(), list_items(args[1], frame.arena));
}

constexpr FunctionEntry kFunctions[] = {
    {"charAt", true, 2, 2, true, char_at, "(string, int) -> string"},
    {"indexOf", true, 2, 3, true, index_of,
     "(string, string) -> int; (string, string, int) -> int"},
    {"lastIndexOf", true, 2, 3, true, last_index_of,
     "(string, string) -> int; (string, string, int) -> int"},
    {"lowerAscii", true, 1, 1, true, map_ascii<'A'>, "(string) -> string"},
    {"upperAscii", true, 1, 1, true, map_ascii<'a'>, "(string) -> string"},
    {"replace", true, 3, 4, true, replace,
     "(string, string, string) -> string; (string, string, string, int) -> string"},
    {"split", true, 2, 3, true, split,
     "(string, string) -> list<string>; (string, string, int) -> list<string>"},
    {"join", true, 1, 2, true, join, "(list<string>) -> string; (list<string>, string) -> string"},
    {"substring", true, 2, 3, true, substring,
     "(string, int) -> string; (string, int, int) -> string"},
    {"trim", true, 1, 1, true, trim, "(string) -> string"},
    {"reverse", true, 1, 1, true, reverse, "(string) -> string"},
    {"format", true, 2, 2, true, format, "(string, list<dyn>) -> string"},
    {"strings.quote", false, 1, 1, true, quote, "(string) -> string"},
};

}  // namespace

std::span<const FunctionEntry> string_functions() {
  return kFunctions;
}

}  // namespace stepwell::expr
