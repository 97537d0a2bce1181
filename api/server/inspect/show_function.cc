#include <fmt/core.h>

#include <algorithm>

#include "api/server/inspect/queries.h"
#include "engine/flow/cron_book.h"
#include "schema/json.h"

namespace stepwell::server {
namespace {

constexpr size_t kNextTicks = 5;

struct Clock {
  flow::Schedule schedule;
  Duration shift{};
  std::string_view cron;
};

std::vector<Clock> clocks_of(const FunctionConfig& config) {
  std::vector<Clock> clocks;
  for (const Trigger& trigger : config.triggers) {
    if (trigger.cron.empty()) continue;
    Result<flow::Schedule> schedule = flow::Schedule::parse(trigger.cron);
    if (!schedule) continue;  // a zone that this machine has lost: it was checked when it came
    const Duration shift = flow::cron_shift(config.id.slug, trigger.cron, trigger.jitter);
    clocks.push_back({std::move(*schedule), shift, trigger.cron});
  }
  // An instant is run once, by whichever of its schedules comes to it first.
  std::stable_sort(clocks.begin(), clocks.end(),
                   [](const Clock& a, const Clock& b) { return a.shift < b.shift; });
  return clocks;
}

struct NextTick {
  Time at{};  // when its run starts
  std::string_view cron;
};

// When schedules start the function next, the soonest first. Five instants of each are enough: each
// of them has its run by then, if not by this schedule.
std::vector<NextTick> next_ticks(const FunctionConfig& config, Time now) {
  const std::vector<Clock> clocks = clocks_of(config);
  std::vector<NextTick> ticks;
  for (auto clock = clocks.begin(); clock != clocks.end(); ++clock) {
    std::optional<Time> instant = clock->schedule.next(now - clock->shift);
    for (size_t i = 0; i < kNextTicks && instant; ++i, instant = clock->schedule.next(*instant)) {
      const bool is_run_before = std::any_of(clocks.begin(), clock, [&](const Clock& other) {
        return other.schedule.is_due_at(*instant);
      });
      if (!is_run_before) ticks.push_back({*instant + clock->shift, clock->cron});
    }
  }
  std::stable_sort(ticks.begin(), ticks.end(),
                   [](const NextTick& a, const NextTick& b) { return a.at < b.at; });
  if (ticks.size() > kNextTicks) ticks.resize(kNextTicks);
  return ticks;
}

void write_ticks(JsonWriter& json, const FunctionConfig& config, Time now) {
  json.key("next").begin_array();
  for (const NextTick& tick : next_ticks(config, now)) {
    json.begin_object().key("at").string(format_rfc3339(tick.at));
    json.key("cron").string(tick.cron).end_object();
  }
  json.end_array();
}

void write_moment(JsonWriter& json, std::optional<Time> moment) {
  if (moment) {
    json.string(format_rfc3339(*moment));
  } else {
    json.null();
  }
}

void write_view(JsonWriter& json, const core::FunctionView& view) {
  const auto count = [&json](std::string_view key, size_t value) {
    json.key(key).integer(static_cast<int64_t>(value));
  };
  json.key("paused_at");
  write_moment(json, view.paused_at);
  json.key("is_available").boolean(view.is_available);
  json.key("runs").begin_object();
  count("queued", view.queued);
  count("running", view.running);
  count("attempts", view.attempts);
  json.end_object().key("limits").begin_array();
  for (const core::LimitInUse& limit : view.limits) {
    json.begin_object().key("limit").string(limit.limit).key("key").string(limit.key);
    json.key("used").integer(limit.used).key("of").integer(limit.of);
    json.key("waiting").integer(limit.waiting).key("due");
    write_moment(json, limit.due);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

Result<std::string> show_function(const QueryRequest& request, storage::JournalReader& reader) {
  const Result<std::vector<storage::StoredFunction>> functions = reader.functions();
  if (!functions) return functions.error();
  const auto found = std::find_if(functions->begin(), functions->end(), [&](const auto& function) {
    return function.config.id.slug == request.id;
  });
  if (found == functions->end()) {
    return Error{ErrorCode::kNotFound, fmt::format("there is no function \"{}\"", request.id)};
  }
  JsonWriter json;
  json.begin_object().key("data").begin_object();
  json.key("archived").boolean(found->archived);
  if (request.function) write_view(json, *request.function);
  json.key("config").raw(function_config_json(found->config));
  if (!found->archived) write_ticks(json, found->config, request.now);
  return json.end_object().end_object().take();
}

}  // namespace stepwell::server
