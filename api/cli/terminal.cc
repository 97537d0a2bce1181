#include "api/cli/terminal.h"

#include <cerrno>

#include "api/cli/text.h"

namespace stepwell::cli {

void Terminal::print(std::string_view text) const {
  const bool is_written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
  const bool is_flushed = std::fflush(out) == 0;
  if ((!is_written || !is_flushed) && write_error == 0) write_error = errno;
}

void Terminal::complain(std::string_view text) const {
  const std::string line = "stepwell: " + neutralise(text) + "\n";
  std::fwrite(line.data(), 1, line.size(), err);
}

}  // namespace stepwell::cli
