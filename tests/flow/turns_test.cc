// Whose turn it is: of keys, of functions, and before several limits.
#include "tests/flow/slot_bench.h"

namespace stepwell::flow {

TEST_CASE("nobody overtakes who waits for the same") {
  Bench b;
  b.limit("f", {.steps = {1}});
  b.limit("g", {.steps = {5}});
  const SlotKeys shared{.steps = {"e"}};
  const RunNumber first = b.add("f", shared);
  b.add("f", shared);
  // There is room for the other function, but somebody stands before the pool: it is let in, in
  // its turn.
  const RunNumber third = b.add("g", shared);
  CHECK(b.held == Runs{first});
  CHECK(b.let_in() == Runs{third});
}

TEST_CASE("keys take turns: one with many runs does not starve the others") {
  Bench b;
  b.limit("f", {.steps = {1, 10}});
  const auto keys = [](const std::string& key) { return SlotKeys{.steps = {"all", "key " + key}}; };
  const RunNumber first = b.add("f", keys("a"));
  for (int i = 0; i < 4; ++i) b.add("f", keys("a"));  // 2 to 5
  b.add("f", keys("b"));                              // 6
  b.add("f", keys("c"));                              // 7
  b.add("f", keys("b"));                              // 8
  CHECK(b.order_of_all() == Runs{first, 2, 6, 7, 3, 8, 4, 5});
}

// Whichever of the limits is named first; it says only who has the first turn.
TEST_CASE("a key with a limit of its own takes turns with the others before what all share") {
  for (const bool is_key_first : {false, true}) {
    CAPTURE(is_key_first);
    const auto keys = [&](const std::string& key) {
      std::vector<std::string> steps{"all", "key " + key};
      if (is_key_first) std::swap(steps[0], steps[1]);
      return SlotKeys{.steps = steps};
    };
    Bench b;
    b.limit("f", {.steps = {1, 1}});
    const RunNumber first = b.add("f", keys("a"));
    for (int i = 0; i < 4; ++i) b.add("f", keys("a"));  // 2 to 5
    b.add("f", keys("b"));                              // 6
    b.add("f", keys("c"));                              // 7
    b.add("f", keys("b"));                              // 8
    CHECK(b.order_of_all() ==
          (is_key_first ? Runs{first, 6, 7, 2, 8, 3, 4, 5} : Runs{first, 2, 6, 7, 3, 8, 4, 5}));
  }
}

TEST_CASE("a function with a limit of its own takes turns with those that share its other one") {
  for (const bool is_own_first : {false, true}) {
    CAPTURE(is_own_first);
    SlotKeys both{.steps = {"shared", "own"}};
    if (is_own_first) std::swap(both.steps[0], both.steps[1]);
    Bench b;
    b.limit("f", {.steps = {1, 1}});
    b.limit("g", {.steps = {1}});
    const RunNumber first = b.add("f", both);
    for (int i = 0; i < 3; ++i) b.add("f", both);                           // 2 to 4
    for (int i = 0; i < 3; ++i) b.add("g", SlotKeys{.steps = {"shared"}});  // 5 to 7
    CHECK(b.order_of_all() ==
          (is_own_first ? Runs{first, 5, 2, 6, 3, 7, 4} : Runs{first, 2, 5, 3, 6, 4, 7}));
  }
}

TEST_CASE("who comes late is not behind all of a key that waits before its own limit") {
  Bench b;
  b.limit("f", {.steps = {1, 2}});
  const auto keys = [](const std::string& key) { return SlotKeys{.steps = {"key " + key, "all"}}; };
  for (int i = 0; i < 4; ++i) b.add("f", keys("a"));  // 1 to 4
  for (int i = 0; i < 4; ++i) b.add("f", keys("b"));  // 5 to 8
  b.add("f", keys("c"));                              // 9
  b.add("f", keys("d"));                              // 10
  CHECK(b.order_of_all() == Runs{1, 5, 9, 10, 2, 6, 3, 7, 4, 8});
}

// The others' pool has waiters, but only since their own number there is small.
TEST_CASE("who has room in a pool where others have none does not wait for them there") {
  Bench b;
  b.limit("f", {.steps = {1, 5}});
  b.limit("g", {.steps = {1}});
  b.limit("h", {.steps = {1}});
  for (int i = 0; i < 4; ++i) b.add("g", SlotKeys{.steps = {"a"}});  // 1 to 4
  for (int i = 0; i < 2; ++i) b.add("h", SlotKeys{.steps = {"b"}});  // 5 and 6
  const RunNumber both = b.add("f", SlotKeys{.steps = {"a", "b"}});  // 7
  CHECK(b.end(1) == Runs{2});
  CHECK(b.end(2) == Runs{both});
}

TEST_CASE("a function that could not start for long has no turns to catch up on") {
  Bench b;
  b.limit("f", {.steps = {1}});
  b.limit("g", {.steps = {2}});
  const SlotKeys shared{.steps = {"e"}};
  b.add("g", shared);
  b.add("g", shared);
  for (int i = 0; i < 20; ++i) b.add("f", shared);
  for (int i = 0; i < 40; ++i) b.add("g", shared);
  b.let_in();
  for (int i = 0; i < 20; ++i) b.end(b.held.front());  // of g all: there is never room for f
  b.limit("f", {.steps = {2}});
  int turns_of_f = 0;
  for (int i = 0; i < 8; ++i) {
    for (const RunNumber run : b.end(b.held.front())) turns_of_f += run >= 3 && run < 23;
  }
  CHECK(turns_of_f >= 3);
  CHECK(turns_of_f <= 5);
}

TEST_CASE("a key has one turn, whether its runs go on or start") {
  Bench b;
  b.limit("f", {.steps = {1, 10}});
  const auto keys = [](const std::string& key) { return SlotKeys{.steps = {"all", "key " + key}}; };
  const RunNumber first = b.add("f", keys("x"));
  const RunNumber going = b.add("f", keys("a"), 10);  // 2
  b.slots.stop_waiting(*b.line_of[going], Turn::kStart, going, 10);
  b.slots.wait(*b.line_of[going], Turn::kGoOn, going, 10, b.now);
  b.add("f", keys("a"), 20);  // 3
  b.add("f", keys("b"), 30);  // 4
  b.add("f", keys("b"), 40);  // 5
  CHECK(b.end(first) == Runs{going});
  b.slots.give_back_step(*b.line_of[going]);
  CHECK(b.let_in() == Runs{4});
}

TEST_CASE("functions take turns, however many keys each has") {
  Bench b;
  b.limit("f", {.steps = {1, 10}});
  b.limit("g", {.steps = {1}});
  const auto keys = [](int key) {
    return SlotKeys{.steps = {"account", "key " + std::to_string(key)}};
  };
  const RunNumber first = b.add("f", keys(0));
  for (int i = 1; i < 6; ++i) b.add("f", keys(i));                         // 2 to 6
  for (int i = 0; i < 3; ++i) b.add("g", SlotKeys{.steps = {"account"}});  // 7 to 9
  CHECK(b.order_of_all() == Runs{first, 2, 7, 3, 8, 4, 9, 5, 6});
}

}  // namespace stepwell::flow
