// An option that there is not is refused when the program is built, also one that is misspelt.
// expect: has no non-static data member named
#include "stepwell/stepwell.h"

using namespace stepwell;

#ifdef STEPWELL_CONTROL
FunctionOptions options{.id = "a", .concurrency = {{.limit = 3}}};
#else
FunctionOptions options{.id = "a", .concurency = {{.limit = 3}}};
#endif
