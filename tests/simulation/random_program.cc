#include "tests/simulation/random_program.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "tests/simulation/world.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kAnswerNames = 3;
constexpr uint64_t kSignalNames = 4;
constexpr uint64_t kKeys = 6;
constexpr int kDepthMax = 3;

class Generator {
 public:
  Generator(const ProgramWish& wish, Random& random)
      : wish_(wish), random_(random), left_(wish.steps) {}

  Program program() {
    Program program = body(0, wish_.steps);
    // What fails outside of steps stands at the top: inside a branch it would be another attempt
    // for all of them.
    if (random_.chance(0.08)) insert(program, throw_at_first(some_failures()));
    if (random_.chance(0.03)) insert(program, stall_at_first(some_failures()));
    if (random_.chance(0.02)) insert(program, throw_for_good());
    if (random_.chance(0.05)) insert(program, publish("room"));
    if (random_.chance(0.05)) insert(program, finish());
    return program;
  }

 private:
  std::string id() { return fmt::format("{}-s{}", wish_.name, ++last_id_); }

  void insert(Program& program, Statement statement) {
    auto at = static_cast<ptrdiff_t>(random_.below(program.size() + 1));
    program.insert(program.begin() + at, std::move(statement));
  }

  // Mostly few enough for an attempt to be left.
  int some_failures() {
    auto retries = static_cast<uint64_t>(wish_.retries);
    return static_cast<int>(random_.chance(0.2) ? retries + 1 : random_.below(retries + 1));
  }

  Body body(int depth, int budget) {
    Body body;
    while (budget > 0 && left_ > 0) {
      int before = left_;
      body.push_back(statement(depth, budget));
      budget -= std::max(before - left_, 1);
    }
    return body;
  }

  Statement statement(int depth, int budget) {
    uint64_t dice = random_.below(100);
    if (depth < kDepthMax && budget >= 2) {
      if (dice < 10) return parallel(branches(depth, budget));
      if (dice < 14 && !is_repeating_) return race(branches(depth, budget));
      if (dice < 20) return caught(depth, budget);
      if (dice < 23 && !is_repeating_) return repeated(depth, budget);
    }
    --left_;
    return step();
  }

  Statement caught(int depth, int budget) {
    Body inner = body(depth + 1, budget / 2);
    inner.push_back(body_step(true));
    return try_catch(std::move(inner), body(depth + 1, budget / 3));
  }

  Statement repeated(int depth, int budget) {
    // No race inside: its losers would go on in the next round.
    is_repeating_ = true;
    Statement statement =
        repeat(static_cast<int>(2 + random_.below(2)), body(depth + 1, budget / 2));
    is_repeating_ = false;
    return statement;
  }

  std::vector<Body> branches(int depth, int budget) {
    std::vector<Body> all;
    auto count = static_cast<int>(2 + random_.below(3));
    for (int i = 0; i < count; ++i) {
      Body branch = body(depth + 1, std::max(1, budget / count));
      if (branch.empty()) branch.push_back(run(id()));
      all.push_back(std::move(branch));
    }
    return all;
  }

  Statement step() {
    uint64_t dice = random_.below(100);
    if (dice < 50) return body_step(false);
    if (dice < 66) return nap();
    if (dice < 82) return awaiting();
    if (dice < 87) return signalled();
    if (dice < 94 && !wish_.invokes.empty()) return invoking();
    return send(id(), {make_event(random_answer_name(random_), "", random_data(random_))});
  }

  Statement body_step(bool may_fail) {
    Statement step = random_.chance(0.06) ? fetch(id()) : run(id());
    step.takes = random_.chance(0.1) ? random_duration(random_, 1s, 5min)
                                     : random_duration(random_, 1ms, 60ms);
    if (random_.chance(may_fail ? 0.7 : 0.1)) {
      step.count = may_fail
                       ? some_failures()
                       : static_cast<int>(random_.below(static_cast<uint64_t>(wish_.retries) + 1));
    }
    if (may_fail && random_.chance(0.15)) step.fails_for_good();
    if (random_.chance(0.1)) step.asks_retry_after(random_duration(random_, 0ms, 2h));
    if (random_.chance(0.15)) {
      step.emitting(make_event(random_answer_name(random_), "", random_data(random_)));
    }
    if (random_.chance(0.1)) step.publishing("room");
    if (wish_.may_kill && random_.chance(0.05))
      step.killing(static_cast<int>(1 + random_.below(2)));
    return step;
  }

  Statement nap() {
    if (random_.chance(0.1)) {
      return sleep_until(id(), World::kStart + random_duration(random_, 0ms, 20h));
    }
    return sleep(id(), random_.chance(0.05) ? Duration(0) : random_duration(random_, 10ms, 2h));
  }

  Statement awaiting() {
    // Now and then for what started the run: copies of that must not end it.
    bool is_own = !wish_.trigger.empty() && random_.chance(0.1);
    Statement step = wait(id(), is_own ? wish_.trigger : random_answer_name(random_),
                          random_duration(random_, 1s, 3h));
    uint64_t dice = random_.below(10);
    if (dice < 4) step.where("async.data.key == event.data.key");
    if (dice == 4) step.where("async.data.n > 5");
    if (dice == 5) step.where("async.data.key == 'k1' || async.data.n == event.data.n");
    return step;
  }

  Statement signalled() {
    Statement step =
        wait_signal(id(), random_signal_name(random_), random_duration(random_, 1s, 1h));
    if (random_.chance(0.9)) step.replacing();
    return step;
  }

  Statement invoking() {
    const std::string& target = wish_.invokes[random_.below(wish_.invokes.size())];
    Statement step = invoke(id(), target, random_duration(random_, 1min, 24h));
    if (random_.chance(0.8)) return try_catch({std::move(step)}, {});
    return step;
  }

  const ProgramWish& wish_;
  Random& random_;
  int left_;
  int last_id_ = 0;
  bool is_repeating_ = false;
};

}  // namespace

Program random_program(const ProgramWish& wish, Random& random) {
  return Generator(wish, random).program();
}

std::string random_answer_name(Random& random) {
  return fmt::format("answer/{}", random.below(kAnswerNames));
}

std::string random_signal_name(Random& random) {
  return fmt::format("door/{}", random.below(kSignalNames));
}

std::string random_data(Random& random) {
  return fmt::format(R"({{"key":"k{}","n":{}}})", random.below(kKeys), random.below(10));
}

Duration random_duration(Random& random, Duration least, Duration most) {
  // Uniform in its logarithm.
  double span = std::log(static_cast<double>((most - least).count()) + 1);
  return least + Duration(static_cast<int64_t>(std::exp(random.unit() * span)) - 1);
}

}  // namespace stepwell::sim
