// The schedules of functions, and what of each has been seen to.
//
// A schedule starts its function at each instant at which it is due, once, whatever crashes: what
// fire() returns is to be written together with the start of the run. Of several instants that have
// passed unseen (nothing ran, the clock was put forward) each schedule runs the latest one; and
// instants that have been seen to are not again when the clock is put back.
//
// An instant that several schedules of one function name starts it once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/flow/schedule.h"
#include "schema/function_config.h"

namespace stepwell::flow {

// By how much a schedule's runs are later than its instants: from a second up to `jitter`, always
// the same for one function and schedule; nothing without a jitter.
Duration cron_shift(std::string_view function, std::string_view cron,
                    std::optional<Duration> jitter);

class CronBook {
 public:
  // What is stored of a schedule.
  struct Row {
    std::string function;
    std::string cron;
    // Its instants after `since` and up to `seen` have started the function. Earlier ones were
    // before it was registered, or were passed over for a later one.
    Time since{};
    Time seen{};
  };
  // When to call fire().
  struct Alarm {
    uint64_t number = 0;
    Time due{};
  };

  // A row that was stored, before the function's first configure().
  void recover(const Row& row);

  // What changes when these are the function's triggers from now on. A schedule that it has
  // already goes on as it was.
  struct Change {
    std::vector<Row> stored;
    std::vector<std::string> dropped;  // the schedules that it has no more
    std::vector<Alarm> alarms;
  };
  Change configure(const std::string& function, const std::vector<Trigger>& triggers, Time now);

  // An instant that has come.
  struct Tick {
    Row row;                // as it is to be stored now; `seen` is the instant
    Time due{};             // with the schedule's jitter
    bool is_other = false;  // another schedule of the function names it and has seen to it
    std::optional<Alarm> next;
  };
  // Nothing if the alarm is void.
  std::optional<Tick> fire(const Alarm& alarm, Time now);

  // The alarms that must be set.
  std::vector<Alarm> alarms() const;

 private:
  struct Entry {
    Row row;
    uint64_t number = 0;  // 0: recovered, not configured yet
    std::optional<Schedule> schedule = {};
    Duration shift{};
    std::optional<Time> due = {};
  };
  using Key = std::pair<std::string, std::string>;  // function, cron
  using Entries = std::map<Key, Entry>;

  Entries::iterator first_of(const std::string& function);
  std::optional<Alarm> arm(Entry& entry);
  bool has_other_seen(const Entry& entry, Time instant);

  Entries entries_;
  std::map<uint64_t, Key> by_number_;
  uint64_t last_number_ = 0;
};

}  // namespace stepwell::flow
