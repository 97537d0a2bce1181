#include "engine/flow/cron_book.h"

#include <set>

#include "engine/expr/hash.h"
#include "schema/check.h"

namespace stepwell::flow {
namespace {

constexpr uint64_t kShiftSeed = 0x63726F6E;

}  // namespace

Duration cron_shift(std::string_view function, std::string_view cron,
                    std::optional<Duration> jitter) {
  if (!jitter || *jitter <= Duration::zero()) return Duration::zero();
  if (*jitter <= kMinCronJitter) return *jitter;
  const uint64_t hash = expr::hash_text(expr::hash_text(kShiftSeed, function), cron);
  const auto range = static_cast<uint64_t>((*jitter - kMinCronJitter).count());
  return kMinCronJitter + Duration(hash % range);
}

void CronBook::recover(const Row& row) {
  entries_.insert_or_assign({row.function, row.cron}, Entry{.row = row});
}

CronBook::Entries::iterator CronBook::first_of(const std::string& function) {
  return entries_.lower_bound({function, ""});
}

// The alarm for the next instant, if it is not set already.
std::optional<CronBook::Alarm> CronBook::arm(Entry& entry) {
  std::optional<Time> due = entry.schedule->next(entry.row.seen);
  if (due) *due += entry.shift;
  if (due == entry.due) return std::nullopt;
  entry.due = due;
  if (!due) return std::nullopt;
  return Alarm{entry.number, *due};
}

CronBook::Change CronBook::configure(const std::string& function,
                                     const std::vector<Trigger>& triggers, Time now) {
  Change change;
  std::set<std::string> kept;
  for (const Trigger& trigger : triggers) {
    if (trigger.cron.empty() || !kept.insert(trigger.cron).second) continue;
    const Key key{function, trigger.cron};
    const auto [found, is_new] = entries_.try_emplace(key);
    Entry& entry = found->second;
    if (is_new) {
      entry.row = {function, trigger.cron, now, now};
      change.stored.push_back(entry.row);
    }
    if (entry.number == 0) {
      Result<Schedule> schedule = Schedule::parse(trigger.cron);
      CHECK_INVARIANT(schedule.ok(), "a schedule was read when its function was registered");
      entry.schedule = std::move(*schedule);
      entry.number = ++last_number_;
      by_number_.emplace(entry.number, key);
    }
    entry.shift = cron_shift(function, trigger.cron, trigger.jitter);
    if (const auto alarm = arm(entry)) change.alarms.push_back(*alarm);
  }
  for (auto it = first_of(function); it != entries_.end() && it->first.first == function;) {
    if (kept.contains(it->first.second)) {
      ++it;
      continue;
    }
    change.dropped.push_back(it->first.second);
    by_number_.erase(it->second.number);
    it = entries_.erase(it);
  }
  return change;
}

bool CronBook::has_other_seen(const Entry& entry, Time instant) {
  for (auto it = first_of(entry.row.function);
       it != entries_.end() && it->first.first == entry.row.function; ++it) {
    const Entry& other = it->second;
    if (&other == &entry || !other.schedule) continue;
    if (other.row.since < instant && instant <= other.row.seen &&
        other.schedule->is_due_at(instant)) {
      return true;
    }
  }
  return false;
}

std::optional<CronBook::Tick> CronBook::fire(const Alarm& alarm, Time now) {
  const auto found = by_number_.find(alarm.number);
  if (found == by_number_.end()) return std::nullopt;
  Entry& entry = entries_.at(found->second);
  if (entry.due != alarm.due || alarm.due > now) return std::nullopt;
  const std::optional<Time> instant = entry.schedule->latest(entry.row.seen, now - entry.shift);
  CHECK_INVARIANT(instant.has_value(), "an alarm is set for an instant of the schedule");
  Tick tick;
  tick.is_other = has_other_seen(entry, *instant);
  const bool passes_over = entry.schedule->next(entry.row.seen) != instant;
  if (passes_over) entry.row.since = *instant - Duration(1);
  entry.row.seen = *instant;
  tick.row = entry.row;
  tick.due = *instant + entry.shift;
  tick.next = arm(entry);
  return tick;
}

std::vector<CronBook::Alarm> CronBook::alarms() const {
  std::vector<Alarm> alarms;
  for (const auto& [key, entry] : entries_) {
    if (entry.due) alarms.push_back({entry.number, *entry.due});
  }
  return alarms;
}

}  // namespace stepwell::flow
