// C++17 has no coroutines: that is said first.
// flags: -std=c++17
// expect: stepwell needs C++20: compile with -std=c++20
#include "stepwell/stepwell.h"

int main() {
  return 0;
}
