// Open runs are found by number and by id, whatever came and went before.
#include "engine/core/runs.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <vector>

#include "engine/core/state.h"
#include "schema/random.h"

namespace stepwell::core {
namespace {

RunId id_of(RunNo no) {
  return {Ulid::make(Time{}, static_cast<uint16_t>(no), no * no)};
}

std::unique_ptr<Run> make(RunNo no) {
  auto run = std::make_unique<Run>();
  run->no = no;
  run->id = id_of(no);
  return run;
}

TEST_CASE("open runs are found by number and id, and those that were removed are not") {
  Random random(7);
  Runs runs;
  std::map<RunNo, Run*> expected;
  constexpr RunNo kNumbers = 600;
  for (int i = 0; i < 20'000; ++i) {
    // It grows first, and shrinks in the end.
    const bool adds = random.below(20'000) > static_cast<uint64_t>(i);
    const RunNo no = 1 + random.below(kNumbers);
    const auto open = expected.find(no);
    if (adds && open == expected.end()) {
      auto run = make(no);
      expected[no] = run.get();
      runs.add(std::move(run));
    } else if (!adds && open != expected.end()) {
      const std::unique_ptr<Run> removed = runs.remove(*open->second);
      REQUIRE(removed.get() == open->second);
      expected.erase(open);
    }
    if (i % 100 != 0) continue;
    std::vector<RunNo> numbers;
    for (RunNo each = 1; each <= kNumbers; ++each) {
      const auto found = expected.find(each);
      Run* run = found == expected.end() ? nullptr : found->second;
      REQUIRE(runs.find(each) == run);
      REQUIRE(runs.find(id_of(each)) == run);
      if (run != nullptr) numbers.push_back(each);
    }
    REQUIRE(runs.numbers() == numbers);
    REQUIRE(runs.size() == numbers.size());
  }
}

TEST_CASE("at least half of the places of a table that has grown are used") {
  RunIndex<RunNo> index;
  std::vector<std::unique_ptr<Run>> runs;
  for (RunNo no = 1; no <= 5000; ++no) {
    runs.push_back(make(no));
    index.add(runs.back().get());
    if (no < 100) continue;
    REQUIRE(index.places().size() <= 2 * index.size() + 2);
    REQUIRE(index.places().size() * 3 >= index.size() * 4);
  }
  for (RunNo no = 1; no <= 5000; ++no) REQUIRE(index.find(no) == runs[no - 1].get());
}

TEST_CASE("nothing is found where nothing is") {
  const Runs runs;
  CHECK(runs.find(1) == nullptr);
  CHECK(runs.find(id_of(1)) == nullptr);
  CHECK(!runs.contains(1));
  CHECK(runs.numbers().empty());
}

}  // namespace
}  // namespace stepwell::core
