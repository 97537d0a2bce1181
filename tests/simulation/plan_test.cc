// Plans as text and back, and what is left of one that was made smaller.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/simulation/plan_text.h"
#include "tests/simulation/shrink.h"
#include "tests/simulation/text_tree.h"

namespace stepwell::sim {

TEST_CASE("a plan that was written and read gives the same trace") {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    Plan plan = random_plan(seed);
    std::string text = plan_text(plan);
    Result<Plan> read = parse_plan(text);
    REQUIRE(read.ok());
    CHECK(plan_text(*read) == text);
    CHECK(play(*read, Log::kHash).hash == play(plan, Log::kHash).hash);
  }
}

TEST_CASE("indented lines are a tree") {
  Result<TextNode> root = parse_tree("# of a plan\na 1\n  b two words\n    c\n\n  b 3\nd\n");
  REQUIRE(root.ok());
  REQUIRE(root->children.size() == 2);
  CHECK(root->find("a")->value == "1");
  CHECK(root->find("a")->children.size() == 2);
  CHECK(root->find("a")->find("b")->value == "two words");
  CHECK(root->find("a")->find("b")->find("c") != nullptr);
  CHECK(root->find("e") == nullptr);
  CHECK(print_tree(*root) == "a 1\n  b two words\n    c\n  b 3\nd\n");
}

TEST_CASE("lines that stand too deep are refused") {
  CHECK_FALSE(parse_tree("a\n    b\n").ok());
  CHECK_FALSE(parse_tree("a\n   b\n").ok());
}

TEST_CASE("a plan without crashes that are crashes is refused") {
  CHECK_FALSE(parse_plan("seed 1\ncrashes 0.of-nothing.1\n").ok());
}

TEST_CASE("shrinking keeps what the failure needs and nothing else") {
  Plan plan = random_plan(7);
  plan.options.faults.answers_late = 0.1;
  auto needs = [](const Plan& tried) {
    auto signals =
        std::count_if(tried.actions.begin(), tried.actions.end(),
                      [](const Action& action) { return action.kind == Action::Kind::kSignal; });
    return signals >= 2 && tried.options.faults.answers_late > 0 && !tried.functions.empty();
  };
  REQUIRE(needs(plan));
  Shrunk shrunk = shrink(plan, needs);
  CHECK(needs(shrunk.plan));
  CHECK(shrunk.plan.actions.size() == 2);
  CHECK(shrunk.plan.options.crashes.empty());
  CHECK(shrunk.plan.functions.size() == 1);
  CHECK(shrunk.plan.functions[0].program.empty());
  CHECK(shrunk.plays < 1000);
}

TEST_CASE("shrinking ends when its plays are used up") {
  Shrunk shrunk = shrink(
      random_plan(7), [](const Plan&) { return false; }, 25);
  CHECK(shrunk.plays == 25);
}

}  // namespace stepwell::sim
