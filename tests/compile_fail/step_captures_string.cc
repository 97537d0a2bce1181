// R1: g++ 12 destroys this closure twice.
// expect: capture by reference, name the lambda, or pass arguments after the function
#include "stepwell/stepwell.h"

using namespace stepwell;

Task<int> function(Context<RawJson> ctx) {
  std::string text = "text";
#ifdef STEPWELL_CONTROL
  auto body = [text] { return text; };
  co_await ctx.step.run("named", body);
  co_await ctx.step.run("by reference", [&] { return text; });
  co_await ctx.step.run(
      "bound", [](const std::string& bound) { return bound; }, text);
#else
  co_await ctx.step.run("id", [text] { return text; });
#endif
  co_return 1;
}
