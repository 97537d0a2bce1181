#include "api/cli/text.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/cli/width.h"
#include "schema/utf8.h"

namespace stepwell::cli {
namespace {

// More marks than any script puts on one character.
constexpr size_t kMarksMax = 6;

bool is_harmful(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) return true;     // C0, DEL, C1
  if (c == 0xAD || c == 0x061C || c == 0xFEFF) return true;  // invisible
  if (c == 0x200B || c == 0x200E || c == 0x200F) return true;
  if (c >= 0x2028 && c <= 0x202E) return true;  // line ends, bidirectional embeddings and overrides
  if (c >= 0x2060 && c <= 0x206F) return true;  // invisible operators, bidirectional isolates
  if (c >= 0xFFF9 && c <= 0xFFFB) return true;  // interlinear annotation
  return c >= 0xE0000 && c <= 0xE0FFF;          // tags: text that nobody sees
}

void append_escape(std::string& out, char32_t c) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c < 0x100) {
    out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
  } else {
    out += fmt::format("\\u{{{:x}}}", static_cast<uint32_t>(c));
  }
}

// As a JSON string has it: UTF-16 units.
void append_json_escape(std::string& out, char32_t c) {
  if (c < 0x10000) {
    out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    return;
  }
  const uint32_t rest = static_cast<uint32_t>(c) - 0x10000;
  out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
}

// Appends `text`, with `escape` for what is harmful.
template <typename Escape>
void append_harmless(std::string& out, std::string_view text, Escape escape) {
  for (size_t at = 0; at < text.size();) {
    const Utf8Decoded decoded = decode_utf8(text, at);
    if (is_harmful(decoded.code_point)) {
      escape(out, decoded.code_point);
    } else {
      append_utf8(out, decoded.code_point);
    }
    at += decoded.length;
  }
}

// The length of the JSON string at the front of `json`, with its quotes.
size_t string_length(std::string_view json) {
  size_t at = 1;
  while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return std::min(at + 1, json.size());
}

// How many bytes of `text`, which is not empty, have at most `width` cells; a character at least.
size_t length_within(std::string_view text, size_t width) {
  size_t used = 0;
  size_t at = 0;
  while (at < text.size()) {
    const Utf8Decoded decoded = decode_utf8(text, at);
    used += code_point_width(decoded.code_point);
    if (used > width && at > 0) break;
    at += decoded.length;
  }
  return at;
}

// Copies JSON token by token, with line breaks and blanks of its own.
class JsonLayout {
 public:
  JsonLayout(bool is_indented, size_t indent) : is_indented_(is_indented), indent_(indent) {}

  std::string lay_out(std::string_view json) {
    while (!json.empty()) {
      size_t length = 1;
      const char c = json.front();
      if (c == '"') {
        length = string_length(json);
        open_if_needed();
        append_harmless(out_, json.substr(0, length), append_json_escape);
      } else if (!is_blank(c)) {
        token(c);
      }
      json.remove_prefix(length);
    }
    return std::move(out_);
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

  void token(char c) {
    if (c == '}' || c == ']') return close(c);
    open_if_needed();
    out_ += c;
    if (c == '{' || c == '[') {
      indent_ += 2;
      is_opened_ = true;
    } else if (c == ',') {
      new_line();
    } else if (c == ':' && is_indented_) {
      out_ += ' ';
    }
  }

  // What is empty stays "{}".
  void open_if_needed() {
    if (is_opened_) new_line();
    is_opened_ = false;
  }

  void close(char c) {
    indent_ -= std::min<size_t>(indent_, 2);
    if (!is_opened_) new_line();
    is_opened_ = false;
    out_ += c;
  }

  void new_line() {
    if (is_indented_) out_.append(1, '\n').append(indent_, ' ');
  }

  bool is_indented_;
  size_t indent_;
  bool is_opened_ = false;  // the last token was { or [
  std::string out_;
};

}  // namespace

std::string neutralise(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_harmless(out, text, append_escape);
  return out;
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    const Utf8Decoded decoded = decode_utf8(text, at);
    width += code_point_width(decoded.code_point);
    at += decoded.length;
  }
  return width;
}

std::string fit(std::string_view text, size_t width) {
  std::string out;
  size_t used = 0;
  size_t marks = 0;
  size_t room_for_ellipsis = 0;  // how long `out` was when one cell was still free behind it
  for (size_t at = 0; at < text.size();) {
    const Utf8Decoded decoded = decode_utf8(text, at);
    const size_t cells = code_point_width(decoded.code_point);
    at += decoded.length;
    marks = cells == 0 ? marks + 1 : 0;
    if (marks > kMarksMax) continue;
    if (used + cells > width) {
      out.resize(room_for_ellipsis);
      return width == 0 ? out : out + "…";
    }
    append_utf8(out, decoded.code_point);
    used += cells;
    if (used < width) room_for_ellipsis = out.size();
  }
  return out;
}

std::string pad(std::string_view text, size_t width) {
  std::string out = fit(text, width);
  return out.append(width - display_width(out), ' ');
}

std::string pad_left(std::string_view text, size_t width) {
  const std::string out = fit(text, width);
  return std::string(width - display_width(out), ' ') + out;
}

std::vector<std::string> wrap(std::string_view text, size_t width, size_t lines_max) {
  std::vector<std::string> lines;
  while (lines.size() + 1 < lines_max && display_width(text) > width) {
    const size_t room = length_within(text, width);
    // A blank right behind the line is a good place too. One long word is cut where the line ends.
    const size_t blank = text.rfind(' ', room);
    const bool has_blank = blank != std::string_view::npos && blank > 0;
    const size_t end = has_blank ? blank : room;
    lines.push_back(fit(text.substr(0, end), width));
    text.remove_prefix(end + (has_blank ? 1 : 0));
  }
  lines.push_back(fit(text, width));
  return lines;
}

std::string compact_json(std::string_view json) {
  return JsonLayout(false, 0).lay_out(json);
}

std::string indent_json(std::string_view json, size_t indent) {
  return JsonLayout(true, indent).lay_out(json);
}

}  // namespace stepwell::cli
