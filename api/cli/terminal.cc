#include "api/cli/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "api/cli/text.h"

namespace stepwell::cli {

void Terminal::print(std::string_view text) const {
  const bool is_written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
  const bool is_flushed = std::fflush(out) == 0;
  if ((!is_written || !is_flushed) && write_error == 0) write_error = errno;
}

Terminal::Confirmation Terminal::confirm(std::string_view question) const {
  if (!screen.is_terminal || isatty(STDIN_FILENO) == 0) return Confirmation::kNobody;
  print(std::string(question) + " [y/N] ");
  char answer[16] = {};
  if (std::fgets(answer, sizeof answer, stdin) == nullptr) return Confirmation::kNo;
  return answer[0] == 'y' || answer[0] == 'Y' ? Confirmation::kYes : Confirmation::kNo;
}

void Terminal::complain(std::string_view text) const {
  std::string lines;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines += begin == 0 ? "stepwell: " : "  ";
    lines += neutralise(text.substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  std::fwrite(lines.data(), 1, lines.size(), err);
}

}  // namespace stepwell::cli
