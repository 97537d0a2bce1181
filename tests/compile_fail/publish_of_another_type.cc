// A topic has one type of messages.
// expect: the topic takes messages of another type
#include "stepwell/stepwell.h"

using namespace stepwell;

struct Line {
  std::string text;
};
STEPWELL_FIELDS(Line, text);

struct Total {
  int sum = 0;
};
STEPWELL_FIELDS(Total, sum);

Task<void> function(Context<RawJson> ctx) {
  Topic<Line> lines("log", "lines");
#ifdef STEPWELL_CONTROL
  Line message{.text = "hello"};
#else
  Total message{.sum = 7};
#endif
  co_await ctx.step.publish("id", lines, message);
}
