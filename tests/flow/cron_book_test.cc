#include "engine/flow/cron_book.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace stepwell;
using namespace std::chrono_literals;
using flow::CronBook;

namespace {

Time at(std::string_view text) {
  return parse_rfc3339(text).value();
}

std::vector<Trigger> crons(std::initializer_list<const char*> texts) {
  std::vector<Trigger> triggers;
  for (const char* text : texts) triggers.push_back({.cron = text});
  return triggers;
}

// Lets time pass up to `until`, as alarms go off; the instants at which "f" starts.
std::vector<std::string> starts(CronBook& book, std::string_view until) {
  std::vector<std::string> seen;
  for (;;) {
    std::optional<CronBook::Alarm> first;
    for (const CronBook::Alarm& alarm : book.alarms()) {
      if (alarm.due <= at(until) && (!first || alarm.due < first->due)) first = alarm;
    }
    if (!first) return seen;
    const auto tick = book.fire(*first, first->due);
    REQUIRE(tick.has_value());
    if (!tick->is_other) seen.push_back(format_rfc3339(tick->row.seen).substr(11, 5));
  }
}

}  // namespace

TEST_CASE("a schedule starts its function at each instant, once") {
  CronBook book;
  const CronBook::Change change =
      book.configure("f", crons({"*/2 * * * *"}), at("2026-11-26T10:00:00Z"));
  REQUIRE(change.stored.size() == 1);
  CHECK(change.stored[0].function == "f");
  CHECK(change.stored[0].cron == "*/2 * * * *");
  CHECK(change.stored[0].since == at("2026-11-26T10:00:00Z"));
  CHECK(change.stored[0].seen == at("2026-11-26T10:00:00Z"));
  REQUIRE(change.alarms.size() == 1);
  CHECK(change.alarms[0].due == at("2026-11-26T10:02:00Z"));
  CHECK_FALSE(book.fire(change.alarms[0], at("2026-11-26T10:01:59Z")).has_value());
  const auto tick = book.fire(change.alarms[0], at("2026-11-26T10:02:00Z"));
  REQUIRE(tick.has_value());
  CHECK(tick->row.seen == at("2026-11-26T10:02:00Z"));
  CHECK(tick->due == at("2026-11-26T10:02:00Z"));
  REQUIRE(tick->next.has_value());
  CHECK(tick->next->due == at("2026-11-26T10:04:00Z"));
  CHECK_FALSE(book.fire(change.alarms[0], at("2026-11-26T10:02:00Z")).has_value());
}

TEST_CASE("of the instants that passed unseen the latest is run") {
  CronBook book;
  book.recover({"f", "*/10 * * * *", at("2026-11-01T00:00:00Z"), at("2026-11-26T10:00:00Z")});
  const CronBook::Change change =
      book.configure("f", crons({"*/10 * * * *"}), at("2026-11-26T11:35:00Z"));
  CHECK(change.stored.empty());
  REQUIRE(change.alarms.size() == 1);
  CHECK(change.alarms[0].due == at("2026-11-26T10:10:00Z"));
  const auto tick = book.fire(change.alarms[0], at("2026-11-26T11:35:00Z"));
  REQUIRE(tick.has_value());
  CHECK(tick->row.seen == at("2026-11-26T11:30:00Z"));
  CHECK(tick->next->due == at("2026-11-26T11:40:00Z"));
}

TEST_CASE("an instant is not seen to again when the clock is put back") {
  CronBook book;
  book.recover({"f", "0 * * * *", at("2026-11-01T00:00:00Z"), at("2026-11-26T10:00:00Z")});
  const CronBook::Change change =
      book.configure("f", crons({"0 * * * *"}), at("2026-11-26T08:30:00Z"));
  REQUIRE(change.alarms.size() == 1);
  CHECK(change.alarms[0].due == at("2026-11-26T11:00:00Z"));
}

TEST_CASE("schedules are added, replaced and removed at once; others go on") {
  CronBook book;
  book.configure("f", crons({"*/20 * * * *"}), at("2026-11-26T10:00:00Z"));
  book.configure("g", crons({"*/20 * * * *"}), at("2026-11-26T10:00:00Z"));
  const auto added =
      book.configure("f", crons({"*/20 * * * *", "30 * * * *"}), at("2026-11-26T10:05:00Z"));
  CHECK(added.stored.size() == 1);
  CHECK(added.alarms.size() == 1);
  CHECK(added.dropped.empty());
  CHECK(book.alarms().size() == 3);
  const auto replaced = book.configure("f", crons({"30 * * * *"}), at("2026-11-26T10:25:00Z"));
  CHECK(replaced.stored.empty());
  CHECK(replaced.alarms.empty());
  CHECK(replaced.dropped == std::vector<std::string>{"*/20 * * * *"});
  const auto removed = book.configure("f", {{.event = "x"}}, at("2026-11-26T10:26:00Z"));
  CHECK(removed.dropped == std::vector<std::string>{"30 * * * *"});
  CHECK(book.alarms().size() == 1);
  CHECK_FALSE(book.fire(added.alarms[0], at("2026-11-26T10:30:00Z")).has_value());
}

TEST_CASE("an instant that two schedules of a function name starts it once") {
  CronBook book;
  book.configure("f", crons({"*/20 * * * *", "*/30 * * * *"}), at("2026-11-26T09:55:00Z"));
  CHECK(starts(book, "2026-11-26T11:00:00Z") ==
        std::vector<std::string>{"10:00", "10:20", "10:30", "10:40", "11:00"});
}

TEST_CASE("an instant that another schedule passed over is not one that it has seen to") {
  CronBook book;
  const CronBook::Change change =
      book.configure("f", crons({"0 * * * *", "*/10 * * * *"}), at("2026-11-26T10:45:00Z"));
  REQUIRE(change.alarms.size() == 2);
  // Nothing ran for a while: of the one 11:30 is the latest, of the other 11:00.
  const auto tens = book.fire(change.alarms[1], at("2026-11-26T11:31:00Z"));
  REQUIRE(tens.has_value());
  CHECK(tens->row.seen == at("2026-11-26T11:30:00Z"));
  const auto hour = book.fire(change.alarms[0], at("2026-11-26T11:31:00Z"));
  REQUIRE(hour.has_value());
  CHECK(hour->row.seen == at("2026-11-26T11:00:00Z"));
  CHECK_FALSE(hour->is_other);
}

TEST_CASE("an instant from before a schedule was there is none that it has seen to") {
  CronBook book;
  const auto first = book.configure("f", crons({"0 * * * *"}), at("2026-11-26T09:55:00Z"));
  // Added after 10:00 has come and before it is seen to.
  book.configure("f", crons({"0 * * * *", "*/30 * * * *"}), at("2026-11-26T10:00:01Z"));
  const auto tick = book.fire(first.alarms[0], at("2026-11-26T10:00:01Z"));
  REQUIRE(tick.has_value());
  CHECK_FALSE(tick->is_other);
}

TEST_CASE("a jitter shifts all instants of a schedule alike") {
  std::vector<Trigger> triggers{{.cron = "* * * * *", .jitter = 5min}};
  const Duration shift = flow::cron_shift("f", "* * * * *", 5min);
  CHECK(shift >= 1s);
  CHECK(shift < 5min);
  CHECK(shift == flow::cron_shift("f", "* * * * *", 5min));
  CHECK(shift != flow::cron_shift("g", "* * * * *", 5min));
  CHECK(flow::cron_shift("f", "* * * * *", 1s) == 1s);
  CHECK(flow::cron_shift("f", "* * * * *", std::nullopt) == 0s);
  CronBook book;
  const Time start = at("2026-11-26T10:00:30Z");
  const auto change = book.configure("f", triggers, start);
  REQUIRE(change.alarms.size() == 1);
  CHECK(change.alarms[0].due == at("2026-11-26T10:01:00Z") + shift);
  const auto tick = book.fire(change.alarms[0], change.alarms[0].due);
  REQUIRE(tick.has_value());
  CHECK(tick->row.seen == at("2026-11-26T10:01:00Z"));
  CHECK(tick->due == tick->row.seen + shift);
  CHECK(tick->next->due == at("2026-11-26T10:02:00Z") + shift);
}

TEST_CASE("CRN-06: a jitter that is removed counts no more for the instant at hand") {
  CronBook book;
  const std::vector<Trigger> shifted{{.cron = "0 * * * *", .jitter = 5min}};
  const auto before = book.configure("f", shifted, at("2026-11-26T09:30:00Z"));
  const auto after = book.configure("f", crons({"0 * * * *"}), at("2026-11-26T10:00:00Z") + 100ms);
  REQUIRE(after.alarms.size() == 1);
  CHECK(after.alarms[0].due == at("2026-11-26T10:00:00Z"));
  CHECK_FALSE(book.fire(before.alarms[0], at("2026-11-26T10:06:00Z")).has_value());
  const auto tick = book.fire(after.alarms[0], at("2026-11-26T10:00:01Z"));
  REQUIRE(tick.has_value());
  CHECK(tick->row.seen == at("2026-11-26T10:00:00Z"));
}
