#include "api/cli/terminal.h"

#include "api/cli/text.h"

namespace stepwell::cli {

void Terminal::complain(std::string_view text) const {
  const std::string line = "stepwell: " + neutralise(text) + "\n";
  std::fwrite(line.data(), 1, line.size(), err);
}

}  // namespace stepwell::cli
