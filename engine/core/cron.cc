// Functions that start by the clock.
//
//   registered ──► alarm for the next instant ──► a run, and the alarm for the one after it
//   registered without the schedule, archived ──► its alarm is void
//
// The run and the note that its instant was seen to are one transition (flow/cron_book.h).
#include <charconv>

#include "engine/core/state.h"
#include "schema/json.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

storage::FlowStateKey key_of(const flow::CronBook::Row& row) {
  return {.function = row.function, .kind = storage::FlowKind::kCron, .key = row.cron};
}

storage::PutFlowState stored(const flow::CronBook::Row& row) {
  return {.key = key_of(row), .at = row.seen, .data = std::to_string(to_millis(row.since))};
}

std::string timer_data(const flow::CronBook::Tick& tick) {
  JsonWriter json;
  json.begin_object().key("cron").string(tick.row.cron);
  json.key("scheduledAt").string(format_rfc3339(tick.row.seen));
  json.key("fireAt").string(format_rfc3339(tick.due)).end_object();
  return json.take();
}

}  // namespace

void State::recover_cron(storage::FlowState state) {
  int64_t since = 0;
  const char* end = state.data.data() + state.data.size();
  const auto read = std::from_chars(state.data.data(), end, since);
  CHECK_INVARIANT(read.ec == std::errc(), "a schedule's row says since when it counts");
  crons_.recover({.function = std::move(state.key.function),
                  .cron = std::move(state.key.key),
                  .since = from_millis(since),
                  .seen = state.at});
}

void State::set_schedules(const Function& function) {
  static const std::vector<Trigger> kNone;
  const std::string& slug = function.config.id.slug;
  flow::CronBook::Change change =
      crons_.configure(slug, function.is_archived ? kNone : function.config.triggers, now_);
  for (const flow::CronBook::Row& row : change.stored) write(stored(row));
  for (std::string& cron : change.dropped) {
    write(storage::DropFlowState{
        .function = slug, .kind = storage::FlowKind::kCron, .key = std::move(cron)});
  }
  for (const flow::CronBook::Alarm& alarm : change.alarms) set_alarm(alarm);
}

void State::set_alarm(const flow::CronBook::Alarm& alarm) {
  timers_.add({.due = alarm.due, .run = 0, .subject = alarm.number, .kind = Timer::Kind::kCron});
}

void State::fire_cron(const Timer& timer) {
  const auto tick = crons_.fire({.number = timer.subject, .due = timer.due}, now_);
  if (!tick) return;
  if (!mutant("cron-tick-not-noted")) write(stored(tick->row));
  if (tick->next) set_alarm(*tick->next);
  if (tick->is_other || mutant("cron-tick-passed-over")) return;
  Event timer_event{.name = std::string(kScheduledTimer),
                    .id = format_rfc3339(tick->row.seen),
                    .data = timer_data(*tick)};
  timer_event.ts = tick->due;
  EventRecord record = make_event(std::move(timer_event), std::nullopt);
  record.has_user_id = false;
  Event content = record.event;
  const Position pos = record.pos;
  storage::EventHistory history;
  accept_event(std::move(record), history);
  trigger({.source = NewRun::Source::kCron,
           .function = functions_.find(tick->row.function),
           .events = {std::move(content)},
           .positions = {pos}});
}

void State::expect_cron_alarms(std::vector<ExpectedAlarm>& expected) const {
  for (const flow::CronBook::Alarm& alarm : crons_.alarms()) {
    expected.push_back({{.due = alarm.due, .subject = alarm.number, .kind = Timer::Kind::kCron},
                        {},
                        "a schedule"});
  }
}

}  // namespace stepwell::core
