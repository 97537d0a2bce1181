#include "engine/flow/slots.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "schema/random.h"
#include "tests/flow/slot_bench.h"

using namespace stepwell;
using namespace stepwell::flow;

TEST_CASE("a limit lets in as many as it says, in the order of their scores") {
  Bench b;
  b.limit("f", {.steps = {2}});
  const SlotKeys keys{.steps = {"f"}};
  CHECK(b.slots.take_now(*b.slots.join("f", keys), Turn::kGoOn, b.now));
  const RunNumber first = b.add("f", keys, 10);
  b.add("f", keys, 30);
  b.add("f", keys, 20);
  b.add("f", keys, 20);
  CHECK(b.held == Runs{first});
  CHECK(b.slots.waiting() == 3);
  CHECK(b.end(first) == Runs{3});
  CHECK(b.end(3) == Runs{4});
  CHECK(b.end(4) == Runs{2});
}

TEST_CASE("of one key, what goes on and what starts come by their scores") {
  Bench b;
  b.limit("f", {.steps = {1}});
  const SlotKeys keys{.steps = {"f"}};
  const RunNumber first = b.add("f", keys, 1);
  b.add("f", keys, 50);
  b.add("f", keys, 20);
  Line& line = *b.line_of[first];
  b.slots.give_back_step(line);  // its call has ended, and it wants another
  CHECK_FALSE(b.slots.take_now(line, Turn::kGoOn, b.now));
  b.slots.wait(line, Turn::kGoOn, first, 30, b.now);
  const auto next = b.slots.next(b.now);
  REQUIRE(next);
  CHECK(next->run == 3);
  b.slots.take(*next->line, next->turn, b.now);
  CHECK_FALSE(b.slots.next(b.now));
  b.slots.give_back_step(line);
  const auto after = b.slots.next(b.now);
  REQUIRE(after);
  CHECK(after->run == first);
  CHECK(after->turn == Turn::kGoOn);
}

TEST_CASE("who is not let in after all leaves the room to others") {
  Bench b;
  b.limit("f", {.steps = {1}});
  const SlotKeys keys{.steps = {"f"}};
  const RunNumber first = b.add("f", keys);
  for (int i = 0; i < 3; ++i) b.add("f", keys);
  Line* line = b.line_of[first];
  b.slots.give_back_step(*line);
  CHECK(b.slots.next(b.now)->run == 2);
  CHECK(b.slots.next(b.now)->run == 3);
  CHECK(b.slots.waiting() == 1);
}

TEST_CASE("a run's slot is held from its start to its end") {
  Bench b;
  b.limit("f", {.runs = 1});
  const SlotKeys keys{.runs = "r"};
  const RunNumber first = b.add("f", keys);
  b.add("f", keys);
  b.slots.give_back_step(*b.line_of[first]);  // it sleeps
  CHECK_FALSE(b.slots.next(b.now));
  CHECK(b.slots.take_now(*b.line_of[first], Turn::kGoOn, b.now));
  CHECK(b.end(first) == Runs{2});
}

TEST_CASE("a limit that is raised lets in more at once, one that is lowered fewer") {
  Bench b;
  b.limit("f", {.steps = {1}});
  const SlotKeys keys{.steps = {"f"}};
  b.add("f", keys);
  for (int i = 0; i < 5; ++i) b.add("f", keys);
  b.limit("f", {.steps = {3}});
  CHECK(b.let_in() == Runs{2, 3});
  b.limit("f", {.steps = {2}});
  CHECK(b.let_in().empty());
  CHECK(b.end(1).empty());  // two of two are in use
  CHECK(b.end(2) == Runs{4});
}

TEST_CASE("two limits that come to the same pool take one slot of it, of the smaller") {
  Bench b;
  b.limit("f", {.steps = {1, 3}});
  const SlotKeys keys{.steps = {"x", "x"}};
  b.add("f", keys);
  b.add("f", keys);
  CHECK(b.held.size() == 1);
  CHECK(b.slots.usage().front().in_use == 1);
  CHECK(b.end(1) == Runs{2});
}

TEST_CASE("a throttle lets in by time, and takes nothing while a slot is missing") {
  Bench b;
  b.limit("f", {.steps = {1}, .throttle = Rate{1, std::chrono::seconds(10)}});
  const SlotKeys keys{.steps = {"f"}, .throttle = "t"};
  b.add("f", keys);
  b.add("f", keys);
  b.add("f", keys);
  CHECK(b.let_in().empty());
  auto alarms = b.slots.take_alarms();
  REQUIRE_FALSE(alarms.empty());
  CHECK(alarms.back().due == kStart + std::chrono::seconds(10));
  b.now += std::chrono::seconds(10);
  CHECK_FALSE(b.slots.alarm(alarms.back().number, alarms.back().due, b.now));
  // The throttle would, but the slot is in use: its token is not used up.
  CHECK(b.let_in().empty());
  b.now += std::chrono::seconds(30);
  CHECK(b.end(1) == Runs{2});
  CHECK(b.end(2).empty());
  alarms = b.slots.take_alarms();
  REQUIRE_FALSE(alarms.empty());
  CHECK(alarms.back().due == b.now + std::chrono::seconds(10));
  const auto place = b.slots.place_of(*b.line_of[3], Turn::kStart, 3, 0);
  CHECK(place.limit == Slots::Place::Limit::kThrottle);
  CHECK(place.earliest == b.now + std::chrono::seconds(10));
}

TEST_CASE("who comes to a throttle from before another limit is let in at its time") {
  Bench b;
  b.limit("f", {.steps = {1}, .throttle = Rate{3, std::chrono::seconds(90), 0}});
  const SlotKeys keys{.steps = {"f"}, .throttle = "t"};
  std::vector<Slots::Alarm> alarms;
  const auto advance = [&](int seconds) {
    const Time until = b.now + std::chrono::seconds(seconds);
    Runs let;
    for (;;) {
      for (const Slots::Alarm& each : b.slots.take_alarms()) alarms.push_back(each);
      const auto first = std::min_element(
          alarms.begin(), alarms.end(), [](const auto& x, const auto& y) { return x.due < y.due; });
      if (first == alarms.end() || first->due > until) break;
      const Slots::Alarm alarm = *first;
      alarms.erase(first);
      b.now = std::max(b.now, alarm.due);
      b.slots.alarm(alarm.number, alarm.due, b.now);
      for (const RunNumber run : b.let_in()) let.push_back(run);
    }
    b.now = until;
    return let;
  };
  for (int i = 0; i < 5; ++i) b.add("f", keys);
  b.let_in();
  advance(1);
  CHECK(b.end(1) == Runs{2});
  advance(1);
  CHECK(b.end(2) == Runs{3});
  CHECK(advance(38).empty());  // the third goes on for 38 s
  CHECK(b.end(3) == Runs{4});
  advance(1);
  CHECK(b.end(4).empty());
  CHECK(advance(18).empty());  // 59 s
  CHECK(advance(2) == Runs{5});
}

TEST_CASE("a clock that goes back delays who comes to a throttle that was at rest") {
  Bench b;
  b.limit("f", {.steps = {1}, .throttle = Rate{1, std::chrono::seconds(10)}});
  const SlotKeys keys{.steps = {"f"}, .throttle = "t"};
  b.add("f", keys);
  b.now += std::chrono::seconds(10);
  for (const auto& alarm : b.slots.take_alarms()) b.slots.alarm(alarm.number, alarm.due, b.now);
  b.add("f", keys);  // waits for the slot: the throttle rests
  b.now -= std::chrono::seconds(5);
  CHECK(b.end(1).empty());
  const auto alarms = b.slots.take_alarms();
  REQUIRE(alarms.size() == 1);
  CHECK(alarms[0].due == kStart + std::chrono::seconds(10));
  b.now = alarms[0].due;
  b.slots.alarm(alarms[0].number, alarms[0].due, b.now);
  CHECK(b.let_in() == Runs{2});
}

TEST_CASE("a throttle is remembered until it rests, then forgotten") {
  Slots slots;
  Gcra state;
  const Rate rate{1, std::chrono::seconds(10)};
  state.take(rate, kStart);
  slots.restore_throttle("t", state);
  auto alarms = slots.take_alarms();
  REQUIRE(alarms.size() == 1);
  CHECK(alarms[0].due == kStart + std::chrono::seconds(10));
  SUBCASE("by itself") {}
  SUBCASE("when its runs have ended before") {
    slots.set_limits("f", {.throttle = rate});
    Line* line = slots.join("f", {.throttle = "t"});
    CHECK_FALSE(slots.take_now(*line, Turn::kStart, kStart));
    slots.leave(line);
    CHECK(slots.usage().size() == 1);
  }
  SUBCASE("when who waited for it has gone before its turn") {
    slots.set_limits("f", {.throttle = rate});
    Line* line = slots.join("f", {.throttle = "t"});
    slots.wait(*line, Turn::kStart, 1, 0, kStart);
    slots.stop_waiting(*line, Turn::kStart, 1, 0);
    slots.leave(line);
    CHECK(slots.may_have_next());  // it is still to be looked at
  }
  CHECK_FALSE(slots.alarm(alarms[0].number, kStart, kStart));  // not the one that was set
  CHECK(slots.alarm(alarms[0].number, alarms[0].due, alarms[0].due) == "t");
  CHECK(slots.usage().empty());
  CHECK_FALSE(slots.may_have_next());
}

TEST_CASE("what waits is found: its limit, its place") {
  Bench b;
  b.limit("f", {.steps = {9, 2}});
  const auto keys = [](const std::string& key) { return SlotKeys{.steps = {"all", "key " + key}}; };
  for (int i = 0; i < 5; ++i) b.add("f", keys("a"), i);
  const auto place = b.slots.place_of(*b.line_of[4], Turn::kStart, 4, 3);
  CHECK(place.limit == Slots::Place::Limit::kSteps);
  CHECK(place.index == 1);
  CHECK(place.in_use == 2);
  CHECK(place.size == 2);
  CHECK(place.place == 2);
  CHECK(place.queued == 3);
  CHECK(place.queues == 1);
  CHECK(b.slots.is_waiting(*b.line_of[4], Turn::kStart, 4, 3));
  b.slots.stop_waiting(*b.line_of[4], Turn::kStart, 4, 3);
  CHECK_FALSE(b.slots.is_waiting(*b.line_of[4], Turn::kStart, 4, 3));
}

namespace {

// Random runs of three functions that share some pools, against a count of what they hold.
class Play {
 public:
  explicit Play(uint64_t seed) : random_(seed) {
    for (const char* function : {"f", "g", "h"}) change_limits(function);
  }

  void step() {
    switch (random_.below(8)) {
      case 0:
      case 1:
      case 2:
        add();
        break;
      case 3:
      case 4:
        end_call();
        break;
      case 5:
        go_on();
        break;
      case 6:
        if (!runs_.empty()) remove(pick());
        break;
      default:
        now_ += Duration(static_cast<int64_t>(random_.below(3000)));
        if (random_.chance(0.1)) now_ -= Duration(static_cast<int64_t>(random_.below(9000)));
        if (random_.chance(0.2)) change_limits(std::string(1, "fgh"[random_.below(3)]));
    }
    settle();
  }

  // All runs that wait are let in when the others end: nobody is stuck.
  void drain() {
    for (int i = 0; !runs_.empty(); ++i) {
      REQUIRE(i < 100'000);
      now_ += std::chrono::seconds(1);
      settle();
      // Also one that waits for a further call has some that end.
      auto found = std::find_if(runs_.begin(), runs_.end(), [](const auto& each) {
        return !each.second.is_waiting || each.second.calls > 0;
      });
      if (found != runs_.end()) remove(found->first);
    }
    now_ += std::chrono::hours(1);
    settle();
    CHECK(slots_.waiting() == 0);
    CHECK(slots_.lines() == 0);
    CHECK(slots_.usage().empty());
  }

 private:
  struct Entry {
    std::string function;
    SlotKeys keys;
    Line* line = nullptr;
    int64_t score = 0;
    int calls = 0;
    bool has_started = false;
    bool is_waiting = false;
    Turn turn = Turn::kStart;
  };

  void change_limits(const std::string& function) {
    SlotLimits limits{.steps = {size(), size()}, .runs = size(), .throttle = Rate{}};
    limits.throttle->limit = size();
    limits.throttle->period = std::chrono::seconds(2);
    limits_[function] = limits;
    slots_.set_limits(function, limits);
  }
  int64_t size() { return static_cast<int64_t>(1 + random_.below(3)); }
  std::string key(const char* what) { return what + std::to_string(random_.below(3)); }
  RunNumber pick() {
    auto it = runs_.begin();
    std::advance(it, static_cast<ptrdiff_t>(random_.below(runs_.size())));
    return it->first;
  }

  void add() {
    Entry entry;
    entry.function = std::string(1, "fgh"[random_.below(3)]);
    if (random_.chance(0.8)) entry.keys.steps.push_back(key("account "));
    if (random_.chance(0.5) && !entry.keys.steps.empty()) {
      entry.keys.steps.push_back(key((entry.function + " key ").c_str()));
    }
    if (random_.chance(0.3)) entry.keys.runs = key((entry.function + " run ").c_str());
    if (random_.chance(0.3)) entry.keys.throttle = key((entry.function + " throttle ").c_str());
    if (entry.keys.empty()) return;
    entry.score = static_cast<int64_t>(random_.below(100));
    entry.line = slots_.join(entry.function, entry.keys);
    runs_.emplace(++last_, entry);
    ask(last_, Turn::kStart);
  }

  void ask(RunNumber run, Turn turn) {
    Entry& entry = runs_.at(run);
    entry.turn = turn;
    if (slots_.take_now(*entry.line, turn, now_)) return took(entry);
    entry.is_waiting = true;
    slots_.wait(*entry.line, turn, run, entry.score, now_);
  }

  void took(Entry& entry) {
    entry.is_waiting = false;
    entry.has_started = true;
    ++entry.calls;
    require_within(entry);
  }

  void end_call() {
    if (runs_.empty()) return;
    Entry& entry = runs_.at(pick());
    if (entry.calls == 0) return;
    --entry.calls;
    slots_.give_back_step(*entry.line);
  }

  void go_on() {
    if (runs_.empty()) return;
    const RunNumber run = pick();
    const Entry& entry = runs_.at(run);
    if (entry.has_started && !entry.is_waiting) ask(run, Turn::kGoOn);
  }

  void remove(RunNumber run) {
    Entry& entry = runs_.at(run);
    if (entry.is_waiting) slots_.stop_waiting(*entry.line, entry.turn, run, entry.score);
    for (; entry.calls > 0; --entry.calls) slots_.give_back_step(*entry.line);
    if (entry.has_started) slots_.give_back_run(*entry.line);
    slots_.leave(entry.line);
    runs_.erase(run);
  }

  void settle() {
    for (const Slots::Alarm& alarm : slots_.take_alarms()) alarms_.push_back(alarm);
    for (size_t i = 0; i < alarms_.size();) {
      if (alarms_[i].due > now_) {
        ++i;
        continue;
      }
      const Slots::Alarm due = alarms_[i];
      alarms_.erase(alarms_.begin() + static_cast<ptrdiff_t>(i));
      slots_.alarm(due.number, due.due, now_);
      for (const Slots::Alarm& alarm : slots_.take_alarms()) alarms_.push_back(alarm);
    }
    while (auto next = slots_.next(now_)) {
      if (random_.chance(0.05)) {  // something else keeps it back, and it asks again later
        Entry& entry = runs_.at(next->run);
        slots_.wait(*entry.line, entry.turn, next->run, entry.score, now_);
        break;
      }
      slots_.take(*next->line, next->turn, now_);
      took(runs_.at(next->run));
    }
    for (const Slots::Alarm& alarm : slots_.take_alarms()) alarms_.push_back(alarm);
    const auto findings = slots_.check(now_);
    REQUIRE_MESSAGE(findings.empty(), (findings.empty() ? "" : findings.front()));
  }

  // What was just taken was not too much, counted from all runs.
  void require_within(const Entry& taken) {
    for (size_t i = 0; i < taken.keys.steps.size(); ++i) {
      int64_t in_use = 0;
      for (const auto& [run, entry] : runs_) {
        const auto& steps = entry.keys.steps;
        if (std::find(steps.begin(), steps.end(), taken.keys.steps[i]) == steps.end()) continue;
        in_use += entry.calls;
      }
      REQUIRE(in_use <= limits_.at(taken.function).steps[i]);
    }
    if (taken.keys.runs.empty() || taken.turn != Turn::kStart) return;
    int64_t open = 0;
    for (const auto& [run, entry] : runs_) {
      open += entry.has_started && entry.keys.runs == taken.keys.runs;
    }
    REQUIRE(open <= limits_.at(taken.function).runs);
  }

  Random random_;
  Slots slots_;
  Time now_ = kStart;
  RunNumber last_ = 0;
  std::map<std::string, SlotLimits> limits_;
  std::map<RunNumber, Entry> runs_;
  std::vector<Slots::Alarm> alarms_;
};

}  // namespace

TEST_CASE("whatever happens, no limit is exceeded and nobody is stuck") {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    Play play(seed);
    for (int i = 0; i < 250; ++i) play.step();
    play.drain();
  }
}
