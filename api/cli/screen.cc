#include "api/cli/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace stepwell::cli {
namespace {

constexpr size_t kWidthMin = 60;
constexpr size_t kWidthMax = 400;
// For files and pipes: wide enough to lose little, narrow enough to read.
constexpr size_t kWidthOfPipes = 160;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

size_t width_of(int fd) {
  winsize size{};
  size_t width = 0;
  if (ioctl(fd, TIOCGWINSZ, &size) == 0) width = size.ws_col;
  const std::string_view columns = environment("COLUMNS");
  if (width == 0) std::from_chars(columns.data(), columns.data() + columns.size(), width);
  if (width == 0) return kWidthOfPipes;
  return std::clamp(width, kWidthMin, kWidthMax);
}

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::kPlain:
      break;
    case Colour::kBold:
      return "1";
    case Colour::kDim:
      return "2";
    case Colour::kRed:
      return "31";
    case Colour::kGreen:
      return "32";
    case Colour::kYellow:
      return "33";
    case Colour::kBlue:
      return "34";
    case Colour::kCyan:
      return "36";
  }
  return "";
}

}  // namespace

std::string Screen::paint(Colour colour, std::string_view text) const {
  const std::string_view code = code_of(colour);
  if (!has_colours || code.empty() || text.empty()) return std::string(text);
  std::string out = "\x1b[";
  return out.append(code).append("m").append(text).append("\x1b[0m");
}

Screen screen_of(int fd, bool no_colour, Time now) {
  Screen screen;
  screen.width = width_of(fd);
  screen.now = now;
  screen.is_terminal = isatty(fd) == 1;
  const std::string_view terminal = environment("TERM");
  screen.has_colours = !no_colour && environment("NO_COLOR").empty() && screen.is_terminal &&
                       !terminal.empty() && terminal != "dumb";
  return screen;
}

std::string state_word(std::string_view status, std::string_view waiting_for) {
  if (status != "Running") return std::string(status);
  if (waiting_for == "event" || waiting_for == "signal" || waiting_for == "function") {
    return "Waiting";
  }
  if (waiting_for == "sleep") return "Sleeping";
  return waiting_for == "retry" ? "Retrying" : "Running";
}

std::string_view state_mark(std::string_view state) {
  if (state == "Completed") return "✓";
  if (state == "Failed") return "✗";
  if (state == "Cancelled" || state == "Skipped") return "⊘";
  if (state == "Waiting" || state == "Sleeping" || state == "Scheduled") return "◷";
  return state == "Retrying" ? "↻" : "●";
}

Colour status_colour(std::string_view status) {
  if (status == "Completed") return Colour::kGreen;
  if (status == "Failed") return Colour::kRed;
  if (status == "Running") return Colour::kCyan;
  if (status == "Scheduled" || status == "Waiting" || status == "Sleeping") return Colour::kBlue;
  if (status == "Cancelled" || status == "Skipped" || status == "Retrying") return Colour::kYellow;
  return Colour::kPlain;
}

}  // namespace stepwell::cli
