// The index says of every event exactly what evaluating every expression says.
//
// Each run has a seed of its own, which it prints; STEPWELL_SEED repeats one. STEPWELL_PAIRS is how
// many pairs of an expression and an event are compared.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "engine/expr/wait_index.h"
#include "schema/json.h"
#include "schema/json_grammar.h"
#include "tests/expr/wait_generator.h"

namespace stepwell::expr {
namespace {

constexpr uint64_t kPairsPerRound = 20'000;

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

struct Totals {
  uint64_t pairs = 0;
  uint64_t matches = 0;
  uint64_t verified = 0;
  std::set<uint64_t> conditions;  // hashes of those that were registered
  std::set<uint64_t> events;
};

// One index with waits that come and go, and events.
class Round {
 public:
  Round(uint64_t seed, Totals& totals) : generator_(seed), index_(seed), totals_(totals) {
    constexpr size_t kSizes[] = {20, 200, 200, 200, 1000};
    size_ = kSizes[generator_.pick(std::size(kSizes))];
    constexpr size_t kValues[] = {12, 12, 30, 200};
    generator_.theme = {.fields = 2 + generator_.pick(4),
                        .values = kValues[generator_.pick(std::size(kValues))],
                        .is_plain = generator_.pick(3) == 0,
                        .has_common = generator_.pick(3) == 0};
  }

  void run() {
    while (alive_.size() < size_) add();
    const size_t exchanged = 1 + size_ / 20;
    for (uint64_t pairs = 0; pairs < kPairsPerRound; pairs += alive_.size()) {
      check(generator_.event());
      for (size_t i = 0; i < exchanged; ++i) {
        remove();
        add();
      }
    }
    while (!alive_.empty()) remove();
    check(generator_.event());
  }

 private:
  struct Wait {
    std::string text;
    std::optional<Expression> expression;
  };

  void add() {
    // Now and then there are two of the same.
    const bool is_twin = !alive_.empty() && generator_.pick(12) == 0;
    std::string text = is_twin ? any()->second.text : generator_.condition();
    auto compiled = Expression::compile_residual(text);
    const uint64_t order = ++last_;
    const auto problem = index_.add({order, order * 7}, text);
    INFO(text);
    REQUIRE(problem.has_value() != compiled.ok());
    if (problem) return;
    totals_.conditions.insert(std::hash<std::string>()(text));
    alive_.emplace(order, Wait{std::move(text), std::move(*compiled)});
  }

  void remove() {
    const auto chosen = any();
    REQUIRE(index_.remove(chosen->first));
    REQUIRE_FALSE(index_.has(chosen->first));
    alive_.erase(chosen);
  }

  std::map<uint64_t, Wait>::iterator any() {
    auto found = alive_.lower_bound(1 + generator_.pick(last_));
    return found == alive_.end() ? alive_.begin() : found;
  }

  void check(const std::string& text) {
    REQUIRE(is_json(text));
    const JsonView event = JsonView::trusted(text);
    totals_.events.insert(std::hash<std::string>()(text));
    totals_.pairs += alive_.size();
    const Time now = from_millis(1'767'225'600'000);
    std::vector<WaitKey> found;
    index_.read(event, scratch_);
    index_.find(now, scratch_, found);
    totals_.matches += found.size();
    auto next = found.begin();
    for (const auto& [order, wait] : alive_) {
      const bool wanted = wait.expression->matches(Bindings().set("async", event).at(now));
      const bool is_found = next != found.end() && next->order == order;
      if (is_found != wanted) {
        FAIL("the index says " << is_found << ": " << wait.text << " of " << text);
      }
      if (is_found) REQUIRE(next++->tag == order * 7);
    }
    REQUIRE(next == found.end());
    totals_.verified = scratch_.verified;
  }

  WaitGenerator generator_;
  WaitIndex index_;
  WaitScratch scratch_;
  Totals& totals_;
  std::map<uint64_t, Wait> alive_;
  size_t size_ = 0;
  uint64_t last_ = 0;
};

}  // namespace

TEST_CASE("the index finds what evaluating every expression finds") {
  const uint64_t seed = from_environment("STEPWELL_SEED", std::random_device()());
  const uint64_t pairs = from_environment("STEPWELL_PAIRS", 1'000'000);
  std::printf("wait index: STEPWELL_SEED=%llu\n", static_cast<unsigned long long>(seed));
  CAPTURE(seed);
  std::mt19937_64 seeds(seed);
  Totals totals;
  while (totals.pairs < pairs) {
    const uint64_t round = seeds();
    CAPTURE(round);
    Round(round, totals).run();
  }
  std::printf("wait index: %llu pairs, %.1f %% match, %zu expressions, %zu events\n",
              static_cast<unsigned long long>(totals.pairs),
              100.0 * static_cast<double>(totals.matches) / static_cast<double>(totals.pairs),
              totals.conditions.size(), totals.events.size());
  CHECK(totals.matches * 10 >= totals.pairs);
  CHECK(totals.conditions.size() >= 20'000);
  CHECK(totals.events.size() >= 5'000);
}

}  // namespace stepwell::expr
