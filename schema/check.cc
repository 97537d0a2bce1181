#include "schema/check.h"

#include <cstdio>
#include <cstdlib>

namespace stepwell {

void check_failed(const char* condition, const char* message, const char* file, int line) {
  std::fprintf(stderr, "stepwell: invariant broken: %s %s (%s:%d)\n", condition, message, file,
               line);
  std::abort();
}

}  // namespace stepwell
