// Looking into Slots.
#include <algorithm>

#include "engine/flow/line.h"
#include "engine/flow/slots.h"

namespace stepwell::flow {
namespace {

size_t length_of(const Waiters& waiters) {
  size_t length = 0;
  for (const Queue* queue = waiters.first; queue != nullptr; queue = queue->following) ++length;
  return length;
}

// Every queue that is not empty stands before one of the pools that it needs, and is in its ring.
void check_queue(const Queue& queue, std::vector<std::string>& findings) {
  if (queue.items.empty() != (queue.before == nullptr)) {
    findings.emplace_back("a queue stands before nothing, or an empty one before something");
    return;
  }
  if (queue.before == nullptr) return;
  const Needs needs = needs_of(*queue.line, queue.turn);
  if (std::find(needs.begin(), needs.end(), queue.before) == needs.end()) {
    findings.push_back("a queue stands before " + queue.before->name + ", which it does not need");
  }
  for (const Waiters& each : queue.before->waiters) {
    for (const Queue* other = each.first; other != nullptr; other = other->following) {
      if (other == &queue) return;
    }
  }
  findings.push_back("a queue is in no ring of " + queue.before->name);
}

}  // namespace

Slots::Place Slots::place_of(const Line& line, Turn turn, RunNumber run, int64_t score) const {
  const Queue& queue = queue_of(line, turn);
  Place place;
  place.place = queue.items.place_of({score, run}) + 1;
  place.queued = queue.items.size();
  const Pool& pool = *queue.before;
  place.queues = 0;
  for (const Waiters& each : pool.waiters) place.queues += length_of(each);
  place.in_use = pool.in_use;
  const SlotLimits& limits = *line.limits;
  if (&pool == line.throttle) {
    place.limit = Place::Limit::kThrottle;
    place.size = limits.throttle->limit;
    place.earliest = pool.gcra.next(*limits.throttle, static_cast<int64_t>(place.place) - 1);
  } else if (&pool == line.runs) {
    place.limit = Place::Limit::kRuns;
    place.size = limits.runs;
  } else {
    place.index = &pool == line.steps[0] ? 0 : 1;
    place.size = limits.steps[place.index];
  }
  return place;
}

bool Slots::is_waiting(const Line& line, Turn turn, RunNumber run, int64_t score) const {
  return queue_of(line, turn).items.contains({score, run});
}

std::vector<Slots::Usage> Slots::usage() const {
  std::vector<Usage> all;
  for (const auto& [name, pool] : pools_) {
    Usage usage{pool->name, pool->in_use, 0};
    for (const Waiters& each : pool->waiters) {
      for (const Queue* queue = each.first; queue != nullptr; queue = queue->following) {
        usage.waiting += queue->items.size();
      }
    }
    all.push_back(std::move(usage));
  }
  return all;
}

SlotKeys Slots::keys_of(const Line& line) const {
  const auto name = [](const Pool* pool) { return pool == nullptr ? std::string() : pool->name; };
  return {.steps = {name(line.steps[0]), name(line.steps[1])},
          .runs = name(line.runs),
          .throttle = name(line.throttle)};
}

std::vector<Slots::Alarm> Slots::expected_alarms() const {
  std::vector<Alarm> alarms;
  for (const auto& [number, pool] : throttles_) {
    if (pool->alarm) alarms.push_back({number, *pool->alarm});
  }
  return alarms;
}

std::vector<std::string> Slots::check(Time now) const {
  std::vector<std::string> findings;
  size_t waiting = 0;
  for (const auto& [name, pool] : pools_) {
    if (pool->in_use < 0) findings.push_back("less than nothing is in use of " + pool->name);
    for (const Waiters& each : pool->waiters) {
      if (each.first == nullptr) findings.push_back("an empty ring is kept before " + pool->name);
      for (const Queue* queue = each.first; queue != nullptr; queue = queue->following) {
        waiting += queue->items.size();
        check_queue(*queue, findings);
      }
      const bool is_idle = !pool->is_stirred && !pool->is_throttle && each.first != nullptr;
      if (is_idle && has_room(*pool, *each.first->line, now)) {
        findings.push_back("there is room in " + pool->name + " and nobody is let in");
      }
    }
    if (pool->is_throttle && !pool->is_stirred && !pool->waiters.empty()) {
      const Time next = pool->gcra.next(*pool->waiters.front().function->throttle);
      const bool is_woken = pool->alarm && *pool->alarm <= next;
      if (!is_woken) findings.push_back("nothing wakes those in time who wait for " + pool->name);
    }
  }
  if (waiting != waiting_) findings.emplace_back("those who wait are counted wrongly");
  return findings;
}

}  // namespace stepwell::flow
