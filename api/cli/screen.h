// What is known of the terminal that is written to, and how colours are put on text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "schema/time.h"

namespace stepwell::cli {

enum class Colour : uint8_t { kPlain, kBold, kDim, kRed, kGreen, kYellow, kBlue, kCyan };

struct Screen {
  size_t width = 100;  // in cells
  bool has_colours = false;
  bool is_terminal = true;  // else a pipe or a file, where nothing that matters is cut
  Time now{};               // for "2m ago"

  // Harmless text in a colour, if there are colours.
  std::string paint(Colour colour, std::string_view text) const;
};

// The screen behind a file descriptor: its width (or $COLUMNS, or 160), colours only if it is a
// terminal that has some and neither NO_COLOR nor `no_colour` forbids them.
Screen screen_of(int fd, bool no_colour, Time now);

// "Waiting", "Sleeping" or "Retrying" for a run that does nothing else, as the server's
// "waiting_for" has it; else its status.
std::string state_word(std::string_view status, std::string_view waiting_for);

// One character for a state: ✓ completed, ✗ failed, ⊘ cancelled, ◷ waits, ↻ retried, ● under way.
std::string_view state_mark(std::string_view state);

// For "Completed", "Failed", "Waiting" …; unknown ones are plain.
Colour status_colour(std::string_view status);

}  // namespace stepwell::cli
