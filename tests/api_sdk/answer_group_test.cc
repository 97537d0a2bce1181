#include "api/sdk/answer_group.h"

#include <doctest/doctest.h>

#include <string>

namespace stepwell::sdk {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  server::UvLoop loop;
  AnswerGroup group{loop};
  std::string ran;

  void add(char name, Duration took, bool is_last = false) {
    group.add(took, is_last, [this, name] {
      ran += name;
      loop.stop();
    });
  }
};

}  // namespace

TEST_CASE("an answer waits for a twentieth of its call, and ten milliseconds at most") {
  CHECK(patience_of(-5s) == 0ms);
  CHECK(patience_of(0ms) == 0ms);
  CHECK(patience_of(19ms) == 0ms);
  CHECK(patience_of(20ms) == 1ms);
  CHECK(patience_of(150ms) == 7ms);
  CHECK(patience_of(200ms) == 10ms);
  CHECK(patience_of(2h) == 10ms);
}

TEST_CASE("answers that wait run together, in the order in which they came") {
  Fixture f;
  SUBCASE("when the first of them has no patience any more") {
    const auto before = std::chrono::steady_clock::now();
    f.add('a', 2h);
    f.add('b', 20ms);
    f.add('c', 1h);
    CHECK(f.ran.empty());
    f.loop.run();
    CHECK(std::chrono::steady_clock::now() - before >= 1ms);
    CHECK(f.ran == "abc");
  }
  SUBCASE("at once when a quick one comes") {
    f.add('a', 2h);
    f.add('b', 19ms);
    CHECK(f.ran == "ab");
  }
  SUBCASE("at once when no other is to come") {
    f.add('a', 2h);
    f.add('b', 2h, true);
    CHECK(f.ran == "ab");
  }
}

TEST_CASE("one that comes after a group has run waits for its own time") {
  Fixture f;
  f.add('a', 20ms);
  f.loop.run();
  f.add('b', 2h);
  CHECK(f.ran == "a");
  f.loop.run();
  CHECK(f.ran == "ab");
}

}  // namespace stepwell::sdk
