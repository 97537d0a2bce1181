// Texts that try to take over a terminal or a table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/utf8.h"

namespace stepwell::cli {

inline std::vector<std::string> evil_texts() {
  std::string marks = "z";
  for (int i = 0; i < 20'000; ++i) marks += "\u0489";
  return {
      "\x1b[2J\x1b[H\x1b[31mred",                             // clears the screen, moves, colours
      "\x1b]0;owned\x07",                                     // sets the title
      "\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\",  // a link
      "\x1b]52;c;cm0gLXJmIC8=\x07",                           // writes the clipboard
      "\x1b[6n\x1b[c\x1b[21t",                                // asks the terminal to type
      "\x1bP+q544e\x1b\\\x1b_G\x1b\\\x1b^x\x1b\\",  // device control, application, privacy strings
      "\xc2\x9b"
      "2J\xc2\x9d"
      "0;x\xc2\x9c",  // the same in C1
      "\x9b"
      "2J",  // and as a lone byte
      "line\r\noverwritten\rthis\n\n\n",
      "back\b\b\b\b\x7f\x7fspace",
      std::string("nul\0nul\0", 8),
      "bell\a\v\f\x0e\x0f",
      "\u202eevitcaer\u202c \u2066isolate\u2069 \u200f\u200e\u061c",  // bidirectional controls
      "in\u200bvis\u2060ible\ufeff\u00ad\u2063",
      "\U000e0048\U000e0049\U000e007f",  // tags
      "para\u2028graph\u2029",
      "\xff\xfe\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf\xe2\x82",  // no UTF-8
      "\ufffe\uffff\ufff9anno\ufffatation\ufffb",
      marks,
      std::string(200'000, 'A'),
      std::string(50'000, '\n'),
      "漢字のとても長い名前がここにあり、表を壊そうとする",
      "👩‍👩‍👧‍👦 🏳️‍🌈 ﷽ ꧅",
      "__proto__",
      "<script>alert(1)</script>",
      "'; DROP TABLE runs; --",
      "%s%n%x {} {0} \\x1b",
      "",
      " ",
      "\"quotes\" and \\backslashes\\",
  };
}

// Whether a terminal shows `text` and does nothing else with it.
inline bool is_harmless(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const Utf8Decoded decoded = decode_utf8(text, at);
    const char32_t c = decoded.code_point;
    const bool is_control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
    const bool is_bidi = c == 0x061C || c == 0x200E || c == 0x200F ||
                         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    const bool is_hidden = c == 0x200B || c == 0x2060 || c == 0xFEFF || c == 0xAD || c == 0x2028 ||
                           c == 0x2029 || (c >= 0xE0000 && c <= 0xE0FFF);
    if (!decoded.valid || is_control || is_bidi || is_hidden) return false;
    at += decoded.length;
  }
  return true;
}

}  // namespace stepwell::cli
