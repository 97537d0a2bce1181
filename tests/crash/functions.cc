#include "tests/crash/functions.h"

#include <atomic>
#include <chrono>
#include <random>
#include <stdexcept>

namespace stepwell::crash {
namespace {

using namespace std::chrono_literals;

std::string new_token() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return std::to_string(random());
}

// Fails at its first attempt in this process, for each run.
std::string fail_then_succeed(int attempt) {
  if (attempt == 0 && std::random_device{}() % 2 == 0) throw RetryAfterError("not yet", 1s);
  return new_token();
}

Task<std::string> child(Context<Work> ctx) {
  auto token = co_await ctx.step.run("child-token", new_token);
  co_return token;
}

Task<void> several_steps(Step step, Seen& seen) {
  for (int i = 0; i < 5; ++i) seen.tokens.push_back(co_await step.run("loop", new_token));
}

Task<void> wait_for_reply(Step step, const Work& work, std::chrono::milliseconds patience,
                          Seen& seen) {
  std::string condition = where("id", work.id);
  auto reply =
      co_await step.wait_for_event("reply", kReply, {.timeout = patience, .if_ = condition});
  seen.tokens.push_back(reply ? reply->data.token : "timed out");
}

Task<void> parallel_steps(Step step, Seen& seen) {
  auto [a, b, c] = co_await when_all(step.run("left", new_token), step.run("right", new_token),
                                     step.run("middle", new_token));
  seen.tokens.push_back(a);
  seen.tokens.push_back(b);
  seen.tokens.push_back(c);
}

Task<void> do_kind(Step step, const Work& work, Seen& seen) {
  if (work.kind == "steps") co_await several_steps(step, seen);
  if (work.kind == "sleep") co_await step.sleep("nap", 700ms);
  if (work.kind == "wait") co_await wait_for_reply(step, work, 1h, seen);
  if (work.kind == "timeout") co_await wait_for_reply(step, work, 800ms, seen);
  if (work.kind == "signal") {
    std::string name = "signal:" + work.id;
    auto signal = co_await step.wait_for_signal<std::string>("signal", name, {.timeout = 1h});
    seen.tokens.push_back(signal ? signal->data : "timed out");
  }
  if (work.kind == "invoke") {
    FunctionRef<Work, std::string> target{"crash-child"};
    auto token = co_await step.invoke("invoke", target, work);
    seen.tokens.push_back(token);
  }
  if (work.kind == "parallel") co_await parallel_steps(step, seen);
  if (work.kind == "retry") {
    auto token = co_await step.run("flaky", [] { return fail_then_succeed(0); });
    seen.tokens.push_back(token);
  }
  if (work.kind == "send") {
    Reply reply{.id = "nobody", .token = work.id};
    auto sent = co_await step.send_event("send", kReply, reply);
    seen.tokens.push_back(sent.ids.at(0));
  }
}

Task<Seen> work(Context<Work> ctx) {
  auto& step = ctx.step;
  Seen seen;
  seen.tokens.push_back(co_await step.run("first", new_token));
  co_await do_kind(step, ctx.event.data, seen);
  seen.tokens.push_back(co_await step.run("last", new_token));
  co_return seen;
}

}  // namespace

void register_functions(Engine& engine) {
  engine.function({.id = "crash-work", .retries = 20}, kWork, work);
  engine.function({.id = "crash-child", .retries = 20}, child);
}

}  // namespace stepwell::crash
