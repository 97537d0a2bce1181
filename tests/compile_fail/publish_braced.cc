// R3: a braced payload in place is destroyed twice by g++ 12.
// expect: name the payload before the co_await
#include "stepwell/stepwell.h"

using namespace stepwell;

struct Line {
  std::string text;
};
STEPWELL_FIELDS(Line, text);

Task<void> function(Context<RawJson> ctx) {
  Topic<Line> lines("log", "lines");
#ifdef STEPWELL_CONTROL
  Line line{.text = "hello"};
  co_await ctx.step.publish("id", lines, line);
#else
  co_await ctx.step.publish("id", lines, Line{.text = "hello"});
#endif
}
