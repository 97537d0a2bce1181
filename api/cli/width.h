// How wide characters are in a terminal.
#pragma once

#include <cstddef>

namespace stepwell::cli {

// 0 for combining marks and joiners, 2 for East Asian wide characters and most emoji, else 1.
size_t code_point_width(char32_t code_point);

}  // namespace stepwell::cli
