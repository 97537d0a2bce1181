// What is not supported yet is no option: it is refused when the program is built.
// expect: has no non-static data member named
#include "stepwell/stepwell.h"

using namespace stepwell;

#ifdef STEPWELL_CONTROL
FunctionOptions options{.id = "a", .retries = 3};
#else
FunctionOptions options{.id = "a", .concurrency = 3};
#endif
