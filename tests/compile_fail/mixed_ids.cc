// An event's id is no run's id.
// expect: could not convert
#include "schema/ids.h"

bool is_known(stepwell::RunId id) { return !id.ulid.is_zero(); }

int main() {
#ifdef STEPWELL_CONTROL
  return is_known(stepwell::RunId{});
#else
  return is_known(stepwell::EventId{});
#endif
}
