// Crowds before random limits, more than can ever be let in: whoever has room is passed over only
// by so many turns as docs/flow-control.md ("Who is next") has it.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "engine/flow/slots.h"
#include "schema/random.h"
#include "tests/flow/slot_bench.h"

namespace stepwell::flow {
namespace {

// A line, of which there are always runs that wait, to start or to go on.
struct Member {
  std::string function;
  SlotKeys keys;
  Line* line = nullptr;
  std::array<int, 2> waiting{};         // by Turn
  std::map<const Member*, int> passed;  // how often others were let in, since it was

  int& waiting_for(Turn turn) { return waiting[static_cast<size_t>(turn)]; }
  std::vector<std::string> needs(Turn turn) const {
    std::vector<std::string> all = keys.steps;
    if (turn == Turn::kStart && !keys.runs.empty()) all.push_back(keys.runs);
    return all;
  }
};

// Calls end one at a time, at random. What is in use is counted here too, from what was let in: who
// has room in all of its limits while somebody else is let in who needs one of them is passed over.
// Not more than one at a time: with two or three, who needs two limits was passed over without a
// bound that we know (rule 4 says so). That is a limit of the engine, which this does not judge.
class Crowd {
 public:
  explicit Crowd(uint64_t seed) : random_(seed) {
    const size_t functions = 1 + random_.below(3);
    for (size_t i = 0; i < functions; ++i) add_function(std::string(1, "fgh"[i]));
    for (Member& each : members_) {
      each.line = slots_.join(each.function, each.keys);
      refill(each);
    }
    settle();
  }

  void step() {
    end_one();
    settle();
  }

 private:
  struct Call {
    RunNumber run = 0;
    Member* member = nullptr;
  };

  void add_function(const std::string& name) {
    SlotLimits& limits = limits_[name];
    const bool is_shared = random_.chance(0.7);
    const bool has_own = !is_shared || random_.chance(0.5);
    if (is_shared) limits.steps.push_back(size());
    if (has_own) limits.steps.push_back(size());
    if (random_.chance(0.2)) limits.runs = size();
    slots_.set_limits(name, limits);
    const bool is_turned = random_.chance(0.5);
    const size_t lines = 1 + random_.below(6);
    for (size_t i = 0; i < lines; ++i) {
      Member member{.function = name};
      std::vector<std::string>& steps = member.keys.steps;
      if (is_shared) steps.push_back("account " + std::to_string(random_.below(5) / 3));
      if (has_own) steps.push_back(name + " key " + std::to_string(random_.below(3)));
      if (is_turned) std::reverse(steps.begin(), steps.end());
      if (limits.runs > 0) member.keys.runs = name + " runs";
      const bool is_known = std::any_of(members_.begin(), members_.end(), [&](const Member& each) {
        return each.function == name && each.keys.steps == steps;
      });
      if (!is_known) members_.push_back(std::move(member));
    }
  }
  int64_t size() { return static_cast<int64_t>(1 + random_.below(3)); }

  void refill(Member& member) {
    while (member.waiting_for(Turn::kStart) < 2) wait(member, Turn::kStart, ++last_run_);
  }

  void wait(Member& member, Turn turn, RunNumber run) {
    member_of_[run] = &member;
    ++member.waiting_for(turn);
    slots_.wait(*member.line, turn, run, static_cast<int64_t>(run), kStart);
  }

  void end_one() {
    const size_t at = random_.below(calls_.size());
    const Call call = calls_[at];
    calls_.erase(calls_.begin() + static_cast<ptrdiff_t>(at));
    Member& member = *call.member;
    for (const std::string& pool : member.keys.steps) --in_use_[pool];
    slots_.give_back_step(*member.line);
    if (random_.chance(0.3)) return wait(member, Turn::kGoOn, call.run);
    if (!member.keys.runs.empty()) --in_use_[member.keys.runs];
    slots_.give_back_run(*member.line);
    member_of_.erase(call.run);
  }

  // Lets in whoever can be; then nobody has room.
  void settle() {
    while (const auto next = slots_.next(kStart)) {
      Member& member = *member_of_.at(next->run);
      REQUIRE(has_room(member, next->turn));
      count_passed(member, next->turn);
      --member.waiting_for(next->turn);
      slots_.take(*next->line, next->turn, kStart);
      for (const std::string& pool : member.needs(next->turn)) ++in_use_[pool];
      calls_.push_back({next->run, &member});
      refill(member);
    }
    for (Member& each : members_) {
      REQUIRE_FALSE(can_be_let_in(each, Turn::kStart));
      REQUIRE_FALSE(can_be_let_in(each, Turn::kGoOn));
    }
  }

  // Whether somebody waits who has room.
  bool can_be_let_in(Member& member, Turn turn) {
    return member.waiting_for(turn) > 0 && has_room(member, turn);
  }

  bool has_room(const Member& member, Turn turn) {
    const SlotLimits& limits = limits_.at(member.function);
    for (size_t i = 0; i < member.keys.steps.size(); ++i) {
      if (in_use_[member.keys.steps[i]] >= limits.steps[i]) return false;
    }
    const std::string& runs = member.keys.runs;
    return turn == Turn::kGoOn || runs.empty() || in_use_[runs] < limits.runs;
  }

  // Before `taken` takes what it needs.
  void count_passed(Member& taken, Turn turn) {
    taken.passed.clear();
    for (Member& each : members_) {
      if (&each == &taken) continue;
      const bool can_start = can_be_let_in(each, Turn::kStart);
      if (!can_start && !can_be_let_in(each, Turn::kGoOn)) continue;
      const auto needs = each.needs(can_start ? Turn::kStart : Turn::kGoOn);
      const auto used = taken.needs(turn);
      if (std::find_first_of(needs.begin(), needs.end(), used.begin(), used.end()) == needs.end()) {
        continue;
      }
      check_passed(each, ++each.passed[&taken]);
    }
  }

  // Before each of its limits it is behind all lines of its function once, and behind each of the
  // other functions once for each of these; and once more, as who has its turn and no room in
  // another limit goes there, and when it comes back is behind all again.
  void check_passed(const Member& passed, int times) {
    const auto lines = std::count_if(members_.begin(), members_.end(), [&](const Member& each) {
      return each.function == passed.function;
    });
    const auto limits = std::ssize(passed.needs(Turn::kStart));
    REQUIRE(times <= 2 * limits * (lines + 1));
  }

  Random random_;
  Slots slots_;
  std::map<std::string, SlotLimits> limits_;
  std::vector<Member> members_;
  std::vector<Call> calls_;
  std::map<RunNumber, Member*> member_of_;
  std::map<std::string, int64_t> in_use_;
  RunNumber last_run_ = 0;
};

}  // namespace

TEST_CASE("in a crowd nobody who has room is passed over for ever") {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    Crowd crowd(seed);
    for (int i = 0; i < 500; ++i) crowd.step();
  }
}

}  // namespace stepwell::flow
