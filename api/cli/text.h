// Text for terminals. What comes from events, steps and errors is somebody else's: it must neither
// move the cursor, nor change colours, nor hide or reorder what stands beside it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stepwell::cli {

// `text` on one line, harmless: control characters, bidirectional controls and invisible
// characters come out as escapes ("\n", "\x1b", "\u{202e}"), invalid UTF-8 as U+FFFD.
std::string neutralise(std::string_view text);

// How many cells harmless text takes: 0 for combining marks, 2 for wide characters.
size_t display_width(std::string_view text);

// Harmless text cut to at most `width` cells, its last one an ellipsis if anything is missing.
// Marks that pile up on one character are dropped.
std::string fit(std::string_view text, size_t width);

// The same, filled up with blanks: to the right, or to the left for numbers.
std::string pad(std::string_view text, size_t width);
std::string pad_left(std::string_view text, size_t width);

// Harmless text broken into at most `lines_max` lines of at most `width` cells, at blanks where it
// can; the last one ends with an ellipsis if anything is missing.
std::vector<std::string> wrap(std::string_view text, size_t width, size_t lines_max);

// Valid JSON on one line without needless blanks, meaning the same, with whatever neutralise()
// would escape as \uXXXX.
std::string compact_json(std::string_view json);

// The same over many lines; those behind the first are indented by `indent` more.
std::string indent_json(std::string_view json, size_t indent = 0);

}  // namespace stepwell::cli
