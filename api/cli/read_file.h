// Files that a command line names.
#pragma once

#include <string>

#include "schema/result.h"

namespace stepwell::cli {

// All of a file. kNotFound if there is none, kIo if it is a folder or cannot be read; the message
// names it.
Result<std::string> read_file(const std::string& path);

// All of standard input.
Result<std::string> read_standard_input();

}  // namespace stepwell::cli
