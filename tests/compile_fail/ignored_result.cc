// A Result that nobody looks at hides a failure.
// expect: ignoring returned value of type
#include "schema/result.h"

stepwell::Result<int> answer() { return 42; }

int main() {
#ifdef STEPWELL_CONTROL
  return answer().value();
#else
  answer();
#endif
}
