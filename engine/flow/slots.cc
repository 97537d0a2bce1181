#include "engine/flow/slots.h"

#include <algorithm>
#include <utility>

#include "engine/flow/line.h"
#include "schema/check.h"
#include "schema/mutant.h"

namespace stepwell::flow {
namespace {

void append(Waiters& waiters, Queue& queue) {
  queue.previous = waiters.last;
  queue.following = nullptr;
  (waiters.last == nullptr ? waiters.first : waiters.last->following) = &queue;
  waiters.last = &queue;
}

void unlink(Waiters& waiters, Queue& queue) {
  (queue.previous == nullptr ? waiters.first : queue.previous->following) = queue.following;
  (queue.following == nullptr ? waiters.last : queue.following->previous) = queue.previous;
  queue.previous = queue.following = nullptr;
}

std::vector<Waiters>::iterator waiters_of(Pool& pool, const SlotLimits* function) {
  return std::find_if(pool.waiters.begin(), pool.waiters.end(),
                      [&](const Waiters& each) { return each.function == function; });
}

void stand_before(Queue& queue, Pool& pool) {
  queue.before = &pool;
  auto waiters = waiters_of(pool, queue.line->limits);
  if (waiters == pool.waiters.end()) {
    // Whoever comes anew has its turn after those that had fewer.
    pool.waiters.push_back({.function = queue.line->limits, .tag = pool.turn + 1});
    waiters = pool.waiters.end() - 1;
  }
  queue.passed = 0;
  append(*waiters, queue);
}

void step_away(Queue& queue) {
  Pool& pool = *queue.before;
  auto waiters = waiters_of(pool, queue.line->limits);
  unlink(*waiters, queue);
  if (waiters->first == nullptr) pool.waiters.erase(waiters);
  queue.before = nullptr;
}

// Before which of the pools a queue stands: the one without room; else the one where others wait.
Pool& place_for(const Queue& queue, Time now) {
  if (Pool* full = obstacle(queue, now)) return *full;
  const Needs needs = needs_of(*queue.line, queue.turn);
  for (Pool* pool : needs) {
    if (!pool->waiters.empty()) return *pool;
  }
  return **needs.begin();
}

// Notes that the queue has had its turn before this pool; gives another one where others wait for
// room that there may be, and where it has not had its turn. Null: there is none. (Before a pool
// that is not stirred nobody else has room: time alone gives it, before a throttle.)
Pool* pass(Queue& queue, const Pool& pool) {
  const Needs needs = needs_of(*queue.line, queue.turn);
  Pool* crowded = nullptr;
  for (size_t i = 0; i < needs.count; ++i) {
    const auto bit = static_cast<uint8_t>(1u << i);
    if (needs.pools[i] == &pool) queue.passed |= bit;
    Pool& each = *needs.pools[i];
    const bool is_passed = (queue.passed & bit) != 0;
    const bool may_have_room = each.is_stirred || each.is_throttle;
    const bool is_crowded = !each.waiters.empty() && may_have_room;
    if (!is_passed && is_crowded && crowded == nullptr) crowded = &each;
  }
  return crowded;
}

}  // namespace

bool SlotKeys::empty() const {
  return runs.empty() && throttle.empty() &&
         std::all_of(steps.begin(), steps.end(), [](const auto& name) { return name.empty(); });
}

Needs needs_of(const Line& line, Turn turn) {
  Needs needs;
  if (turn == Turn::kStart) {
    needs.add(line.throttle);
    needs.add(line.runs);
  }
  for (Pool* pool : line.steps) needs.add(pool);
  return needs;
}

Queue& queue_of(Line& line, Turn turn) {
  return turn == Turn::kStart ? line.starts : line.goes_on;
}

const Queue& queue_of(const Line& line, Turn turn) {
  return turn == Turn::kStart ? line.starts : line.goes_on;
}

bool has_room(const Pool& pool, const Line& line, Time now) {
  const SlotLimits& limits = *line.limits;
  if (&pool == line.throttle) return pool.gcra.allows(*limits.throttle, now);
  const int64_t more = mutant("one-slot-more") ? 1 : 0;
  if (&pool == line.runs) return pool.in_use < limits.runs + more;
  for (size_t i = 0; i < line.steps.size(); ++i) {
    if (line.steps[i] == &pool && pool.in_use >= limits.steps[i] + more) return false;
  }
  return true;
}

Pool* obstacle(const Queue& queue, Time now) {
  const Needs needs = needs_of(*queue.line, queue.turn);
  for (Pool* pool : needs) {
    if (!has_room(*pool, *queue.line, now)) return pool;
  }
  return nullptr;
}

Slots::Slots() = default;
Slots::~Slots() = default;

void Slots::set_limits(std::string_view function, SlotLimits limits) {
  auto found = functions_.find(function);
  if (found == functions_.end()) {
    functions_.emplace(function, std::make_unique<SlotLimits>(std::move(limits)));
    return;
  }
  *found->second = std::move(limits);
  for (const auto& [name, pool] : pools_) stir(*pool);
}

Pool* Slots::pool(const std::string& name, bool is_throttle) {
  if (name.empty()) return nullptr;
  if (auto found = pools_.find(name); found != pools_.end()) return found->second.get();
  auto made = std::make_unique<Pool>();
  Pool* pool = made.get();
  pool->name = name;
  pools_.emplace(pool->name, std::move(made));
  if (is_throttle) {
    pool->is_throttle = true;
    pool->number = ++last_number_;
    throttles_.emplace(last_number_, pool);
  }
  return pool;
}

void Slots::release(Pool* pool) {
  if (pool == nullptr || --pool->references > 0) return;
  // A throttle that does not rest yet still counts; its alarm ends it.
  if (pool->is_throttle && pool->alarm) return;
  erase(*pool);
}

void Slots::erase(Pool& pool) {
  if (pool.is_stirred) stirred_.erase(std::find(stirred_.begin(), stirred_.end(), &pool));
  if (pool.is_throttle) throttles_.erase(pool.number);
  pools_.erase(pools_.find(pool.name));
}

Line* Slots::join(std::string_view function, const SlotKeys& keys) {
  auto limits = functions_.find(function);
  CHECK_INVARIANT(limits != functions_.end(), "limits are set before runs join");
  const size_t count = std::min<size_t>(keys.steps.size(), 2);
  std::array<Pool*, 2> steps{};
  for (size_t i = 0; i < count; ++i) steps[i] = pool(keys.steps[i], false);
  Pool* runs = pool(keys.runs, false);
  Pool* throttle = pool(keys.throttle, true);
  auto [it, is_new] =
      lines_.try_emplace({limits->second.get(), steps[0], steps[1], runs, throttle});
  if (is_new) {
    it->second = std::make_unique<Line>();
    Line& line = *it->second;
    line.limits = limits->second.get();
    line.steps = steps;
    line.runs = runs;
    line.throttle = throttle;
    line.starts.line = line.goes_on.line = &line;
    line.goes_on.turn = Turn::kGoOn;
    for (Pool* each : {steps[0], steps[1], runs, throttle}) {
      if (each != nullptr) ++each->references;
    }
  }
  ++it->second->references;
  return it->second.get();
}

void Slots::leave(Line* line) {
  if (--line->references > 0) return;
  const std::array<Pool*, 4> pools{line->steps[0], line->steps[1], line->runs, line->throttle};
  lines_.erase({line->limits, pools[0], pools[1], pools[2], pools[3]});
  for (Pool* each : pools) release(each);
}

bool Slots::take_now(Line& line, Turn turn, Time now) {
  const Needs needs = needs_of(line, turn);
  for (Pool* pool : needs) {
    if (!pool->waiters.empty() || !has_room(*pool, line, now)) return false;
  }
  take(line, turn, now);
  return true;
}

void Slots::take(Line& line, Turn turn, Time now) {
  if (turn == Turn::kStart) {
    take_run(line);
    if (line.throttle != nullptr) {
      line.throttle->gcra.take(*line.limits->throttle, now);
      wake_at(*line.throttle, line.throttle->gcra.rests_at());
    }
  }
  take_step(line);
}

void Slots::take_run(Line& line) {
  if (line.runs != nullptr) ++line.runs->in_use;
}

void Slots::take_step(Line& line) {
  for (Pool* pool : needs_of(line, Turn::kGoOn)) ++pool->in_use;
}

void Slots::give_back_step(Line& line) {
  for (Pool* pool : needs_of(line, Turn::kGoOn)) {
    --pool->in_use;
    stir(*pool);
  }
}

void Slots::give_back_run(Line& line) {
  if (line.runs == nullptr) return;
  --line.runs->in_use;
  stir(*line.runs);
}

void Slots::stir(Pool& pool) {
  if (pool.is_stirred || pool.waiters.empty()) return;
  pool.is_stirred = true;
  stirred_.push_back(&pool);
}

void Slots::wait(Line& line, Turn turn, RunNumber run, int64_t score, Time now) {
  Queue& queue = queue_of(line, turn);
  queue.items.insert({score, run});
  ++waiting_;
  if (queue.before != nullptr) return;
  Pool& pool = place_for(queue, now);
  stand_before(queue, pool);
  stir(pool);
}

void Slots::stop_waiting(Line& line, Turn turn, RunNumber run, int64_t score) {
  Queue& queue = queue_of(line, turn);
  const bool is_erased = queue.items.erase({score, run});
  CHECK_INVARIANT(is_erased, "a run waits in the queue of its line");
  --waiting_;
  if (!queue.items.empty()) return;
  Pool& pool = *queue.before;
  step_away(queue);
  stir(pool);  // who stood behind it may have room
}

std::optional<Slots::Next> Slots::next(Time now) {
  while (!stirred_.empty()) {
    Pool& pool = *stirred_.front();
    if (std::optional<Next> found = next_of(pool, now)) return found;
    stirred_.pop_front();
    pool.is_stirred = false;
    if (!pool.is_throttle || pool.waiters.empty()) continue;
    wake_at(pool, pool.gcra.next(*pool.waiters.front().function->throttle));
  }
  return std::nullopt;
}

// The first queue of a function before the pool that has room everywhere, and has had its turn
// wherever others wait. Queues that lack one or the other somewhere else go there. Null: there is
// none.
Queue* Slots::first_with_room(Pool& pool, const SlotLimits* function, Time now) {
  for (;;) {
    auto waiters = waiters_of(pool, function);
    if (waiters == pool.waiters.end()) return nullptr;
    Queue& queue = *waiters->first;
    if (Pool* full = obstacle(queue, now)) {
      if (full == &pool) return nullptr;
      step_away(queue);
      stand_before(queue, *full);
      // What is set may be the alarm for its rest, or none: it was at rest, and the clock went
      // back.
      if (full->is_throttle) wake_at(*full, full->gcra.next(*function->throttle));
      continue;
    }
    Pool* crowded = mutant("second-limit-overtakes") ? nullptr : pass(queue, pool);
    if (crowded == nullptr) return &queue;
    const uint8_t passed = queue.passed;
    step_away(queue);
    stand_before(queue, *crowded);
    queue.passed = passed;
    stir(*crowded);
  }
}

// Functions take turns: the one with the smallest tag, among those that have room.
std::optional<Slots::Next> Slots::next_of(Pool& pool, Time now) {
  std::vector<std::pair<uint64_t, const SlotLimits*>> order;
  for (const Waiters& each : pool.waiters) order.emplace_back(each.tag, each.function);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [tag, function] : order) {
    Queue* queue = first_with_room(pool, function, now);
    if (queue == nullptr) continue;
    auto waiters = waiters_of(pool, function);
    // Who could not be let in for long does not catch up.
    pool.turn = std::max(pool.turn, tag);
    waiters->tag = pool.turn + 1;
    Line& line = *queue->line;
    Queue& other = queue_of(line, queue->turn == Turn::kStart ? Turn::kGoOn : Turn::kStart);
    const bool is_beside = other.before == &pool;
    const bool is_other = is_beside && other.items.first() < queue->items.first() &&
                          obstacle(other, now) == nullptr && pass(other, pool) == nullptr;
    // The next turn of both is the last one.
    for (Queue* each : {queue, is_beside ? &other : nullptr}) {
      if (each == nullptr) continue;
      unlink(*waiters, *each);
      append(*waiters, *each);
      each->passed = 0;
    }
    Queue& served = is_other ? other : *queue;
    const Waiting first = served.items.first();
    stop_waiting(line, served.turn, first.run, first.score);
    return Next{&line, served.turn, first.run};
  }
  return std::nullopt;
}

const Gcra* Slots::throttle(const Line& line) const {
  return line.throttle == nullptr ? nullptr : &line.throttle->gcra;
}

const std::string& Slots::throttle_name(const Line& line) const {
  return line.throttle->name;
}

void Slots::restore_throttle(const std::string& name, const Gcra& state) {
  Pool& restored = *pool(name, true);
  restored.gcra = state;
  wake_at(restored, state.rests_at());
}

std::vector<Slots::Throttled> Slots::change_throttles(std::string_view names_begin,
                                                      const Rate& rate, Time now) {
  std::vector<Throttled> changed;
  for (auto each = pools_.lower_bound(names_begin);
       each != pools_.end() && each->first.starts_with(names_begin); ++each) {
    Pool& pool = *each->second;
    if (!pool.gcra.change_rate(rate, now)) continue;
    wake_at(pool, pool.gcra.rests_at());
    stir(pool);
    changed.push_back({pool.name, pool.gcra});
  }
  return changed;
}

void Slots::wake_at(Pool& pool, Time due) {
  if (pool.alarm && *pool.alarm <= due) return;
  pool.alarm = due;
  alarms_.push_back({pool.number, due});
}

std::vector<Slots::Alarm> Slots::take_alarms() {
  return std::exchange(alarms_, {});
}

std::optional<std::string> Slots::alarm(uint64_t number, Time due, Time now) {
  auto found = throttles_.find(number);
  if (found == throttles_.end() || found->second->alarm != due) return std::nullopt;
  Pool& pool = *found->second;
  pool.alarm.reset();
  // next() asks for an earlier one if somebody still waits by then.
  const bool rests = pool.gcra.rests_at() <= now;
  if (!rests) wake_at(pool, pool.gcra.rests_at());
  stir(pool);
  if (!rests || !pool.waiters.empty()) return std::nullopt;
  std::string name = pool.name;
  if (pool.references == 0) erase(pool);
  return name;
}

}  // namespace stepwell::flow
