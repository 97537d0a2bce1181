#include "tests/simulation/random_plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "tests/simulation/random_program.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDay = 24h;
constexpr double kSiteIsActive = 0.25;  // a fault is a matter of some seeds, often then

class Planner {
 public:
  explicit Planner(uint64_t seed) : random_(Random(seed).stream("plan")) { plan_.seed = seed; }

  Plan plan() {
    set_options();
    set_faults();
    add_functions();
    add_clocks();
    add_limits();
    add_actions();
    add_crashes();
    add_deaths();
    set_wire();
    return std::move(plan_);
  }

 private:
  bool is_active() { return random_.chance(kSiteIsActive); }
  uint64_t below(uint64_t bound) { return random_.below(bound); }

  void set_options() {
    HostOptions& options = plan_.options;
    core::Settings& settings = options.settings;
    settings.always_evict = is_active();
    if (is_active()) settings.hot_bytes_max = below(60'000);
    if (is_active()) settings.calls_max = 1 + below(8);
    if (random_.chance(0.1)) settings.wait_lookback = Duration(0);
    if (is_active()) settings.retry_interval = random_duration(random_, 1ms, 1min);
    settings.deaths_alone_max = 1000;  // the crashes here are nobody's fault
    options.page = is_active() ? 1 : 1 + below(100);
    options.commit_max = Duration(1 + below(30));
    options.delay_max = Duration(1 + below(20));
    options.faults_end = kDay;
    options.keeps_tails = true;
    options.schedules_end = kDay + 2h;
    options.steps_max = 4'000'000;
    options.audit_all_each = 8;
    set_durable_channels(settings);
  }

  // By a stream of its own, so that the worlds of known seeds stay what they are.
  void set_durable_channels(core::Settings& settings) {
    Random random = Random(plan_.seed).stream("durable channels");
    if (random.chance(0.6)) settings.durable_channels = {"room"};
    // Worlds last for years, and what is too old is dropped without a record.
    settings.durable_history.age = std::chrono::hours(24 * 365 * 100);
    if (random.chance(0.5)) settings.durable_history.messages_max = random.below(30);
  }

  void set_faults() {
    for (const FaultSite& site : kFaultSites) {
      if (is_active()) plan_.options.faults.*site.rate = random_.unit() * site.rate_max;
    }
  }

  void add_functions() {
    bool may_kill = is_active();
    uint64_t children = 1 + below(3);
    uint64_t roots = 3 + below(5);
    std::vector<std::string> invokes;
    // A child may invoke only those before it: no circles.
    for (uint64_t i = 0; i < children; ++i) {
      std::string name = fmt::format("child{}", i);
      AppFunction& made = add_function(name, "", invokes, may_kill);
      if (random_.chance(0.1)) add_stops(made.config);
      invokes.push_back(name);
    }
    for (uint64_t i = 0; i < roots; ++i) {
      std::string name = fmt::format("f{}", i);
      // Some share a trigger.
      AppFunction& made = add_function(
          name, fmt::format("go/{}", i - (i > 0 && random_.chance(0.1))), invokes, may_kill);
      add_triggers(made.config.triggers);
      if (random_.chance(0.3)) add_stops(made.config);
      if (random_.chance(0.03)) made.config.flow.idempotency = "event.data.key";
    }
    add_listeners(roots);
    for (uint64_t i = random_.chance(0.6) ? 1 + below(3) : 0; i > 0; --i) add_gatherer(i);
  }

  // Beside its own: with a condition, of many names, or for the same events again.
  void add_triggers(std::vector<Trigger>& triggers) {
    if (random_.chance(0.1)) triggers[0].expression = "event.data.n < 8";
    if (random_.chance(0.05)) triggers.push_back({.event = "stop/*"});
    if (random_.chance(0.05))
      triggers.push_back({.event = "tap/*", .expression = "event.data.n > 6"});
    if (random_.chance(0.05)) {
      triggers.push_back({.event = triggers[0].event, .expression = "event.data.n > 4"});
    }
  }

  void add_stops(FunctionConfig& config) {
    const auto add = [&](std::string event) {
      CancelOn& made = config.cancel_on.emplace_back(CancelOn{.event = std::move(event)});
      if (random_.chance(0.7)) made.expression = "async.data.key == event.data.key";
      if (random_.chance(0.3)) made.timeout = random_duration(random_, 1s, 5h);
      if (random_.chance(0.1) && !made.timeout) {
        made.until = World::kStart + Duration(below(kDay.count()));
      }
    };
    add("stop/" + config.id.slug);
    stoppable_.push_back(config.id.slug);
    if (!random_.chance(0.2)) return;
    add(random_answer_name(random_));
    std::string& condition = config.cancel_on.back().expression;
    condition += condition.empty() ? "async.data.n > 8" : " && async.data.n > 6";
  }

  // A function that events do not start at once, each.
  void add_gatherer(uint64_t number) {
    const std::string name = fmt::format("gather{}", number);
    AppFunction& made = add_function(name, "tap/" + name, {}, false);
    FlowControl& flow = made.config.flow;
    const std::string key = random_.chance(0.6) ? "event.data.key" : "";
    const uint64_t what = below(6);
    if (what == 0 || what == 1) {
      flow.batching =
          Batching{static_cast<int64_t>(2 + below(8)), random_duration(random_, 1s, 6h), key};
      if (random_.chance(0.25)) flow.batching->condition = "event.data.n < 7";
    } else if (what == 5) {
      flow.idempotency = "event.data.key";
      if (random_.chance(0.2)) flow.debounce = Debounce{random_duration(random_, 1s, 10min), key};
    } else if (what == 2) {
      flow.rate_limit =
          RateLimit{static_cast<int64_t>(1 + below(6)), random_duration(random_, 1s, 12h), key};
    } else {
      flow.debounce = Debounce{random_duration(random_, 1s, 2h), key};
      if (random_.chance(0.3)) flow.debounce->timeout = random_duration(random_, 1s, 4h);
      if (what == 4) flow.rate_limit = RateLimit{static_cast<int64_t>(2 + below(20)), 1h, key};
    }
    taps_.push_back("tap/" + name);
  }

  void add_listeners(uint64_t roots) {
    // onFailure, as SDKs register it.
    for (uint64_t i = 0; i < roots; ++i) {
      if (!random_.chance(0.3)) continue;
      AppFunction& made =
          add_function(fmt::format("rescue{}", i), "inngest/function.failed", {}, false);
      made.config.triggers[0].expression = fmt::format("event.data.function_id == 'f{}'", i);
    }
    if (random_.chance(0.15)) add_function("watch", "inngest/function.finished", {}, false);
    if (random_.chance(0.15)) add_function("mourn", "inngest/function.cancelled", {}, false);
  }

  // Slots, throttles, singletons, priorities: draws of their own, so that the rest is as without.
  void add_limits() {
    Random random = random_.stream("limits");
    if (random.chance(0.4)) return;
    const auto limit = [&] {
      constexpr const char* kKeys[] = {"", "event.data.key", "event.data.n", "event.data.n + 1",
                                       "event.data.missing"};
      ConcurrencyLimit made{.limit = static_cast<int64_t>(1 + random.below(4)),
                            .key = kKeys[random.below(std::size(kKeys))]};
      if (!random.chance(0.3)) return made;
      made.scope = random.chance(0.5) ? ConcurrencyScope::kEnvironment : ConcurrencyScope::kAccount;
      if (made.key.empty()) made.key = "\"shared\"";
      return made;
    };
    for (AppFunction& function : plan_.functions) {
      FlowControl& flow = function.config.flow;
      if (random.chance(0.35)) flow.step_concurrency.push_back(limit());
      if (random.chance(0.15)) flow.step_concurrency.push_back(limit());
      if (random.chance(0.15)) flow.run_concurrency.push_back(limit());
      if (random.chance(0.15)) {
        flow.throttle = Throttle{.limit = static_cast<int64_t>(1 + random.below(5)),
                                 .period = random_duration(random, 1ms, 20min),
                                 .burst = static_cast<int64_t>(random.below(3)),
                                 .key = random.chance(0.5) ? "event.data.key" : ""};
      }
      if (random.chance(0.2)) {
        constexpr const char* kPriorities[] = {"event.data.n * 30 - 60",
                                               "event.data.n * 9000 - 40000", "event.data.key"};
        flow.priority = kPriorities[random.below(std::size(kPriorities))];
      }
      if (random.chance(0.12)) {
        constexpr const char* kKeys[] = {"event.data.key", "event.data.key", "event.data.key",
                                         "event.data.n > 4", ""};
        flow.singleton =
            Singleton{random.chance(0.5) ? SingletonMode::kSkip : SingletonMode::kCancel,
                      kKeys[random.below(std::size(kKeys))]};
      }
      if (flow.batching) {  // they do not go together
        flow.priority.clear();
        flow.singleton.reset();
      }
    }
  }

  // Schedules, and limits of time: draws of their own, so that the rest is as without them.
  void add_clocks() {
    constexpr const char* kCrons[] = {"*/40 * * * *",
                                      "0 * * * *",
                                      "*/19 */4 * * *",
                                      "30 4,16 * * *",
                                      "@hourly",
                                      "@daily",
                                      "TZ=Asia/Kathmandu 15 * * * *"};
    Random random = random_.stream("clocks");
    for (uint64_t i = random.chance(0.4) ? 1 + random.below(2) : 0; i > 0; --i) {
      AppFunction& made = add_function(fmt::format("clock{}", i), "", {}, false);
      for (uint64_t crons = 1 + random.below(2); crons > 0; --crons) {
        Trigger trigger{.cron = kCrons[random.below(std::size(kCrons))]};
        if (random.chance(0.3)) trigger.jitter = Duration(1000 + random.below(299'000));
        const auto is_same = [&](const Trigger& other) { return other.cron == trigger.cron; };
        auto& triggers = made.config.triggers;
        if (std::none_of(triggers.begin(), triggers.end(), is_same)) triggers.push_back(trigger);
      }
    }
    if (random.chance(0.1)) add_fold(random);
    for (AppFunction& function : plan_.functions) {
      FlowControl& flow = function.config.flow;
      if (random.chance(0.08)) flow.start_timeout = random_duration(random, 1s, 2h);
      if (random.chance(0.08)) flow.finish_timeout = random_duration(random, 1s, 5h);
    }
    for (uint64_t i = random.chance(0.3) ? 1 + random.below(4) : 0; i > 0; --i) {
      const AppFunction& function = plan_.functions[random.below(plan_.functions.size())];
      plan_.actions.push_back({.kind = Action::Kind::kPause,
                               .at = Duration(random.below(kDay.count() * 9 / 10)),
                               .target = function.config.id.slug,
                               .by = random_duration(random, 10ms, 1h)});
    }
  }

  // Some worlds lie where clocks are put back: in Vienna on October 25, at 3:00 to 2:00.
  void add_fold(Random& random) {
    constexpr Time kFold{Duration(1'792'890'000'000)};
    AppFunction& made = add_function("night", "", {}, false);
    made.config.triggers.push_back({.cron = "TZ=Europe/Vienna 15,45 1-3 * * *"});
    made.config.triggers.push_back({.cron = "TZ=Europe/Vienna */20 * * * *"});
    plan_.actions.push_back({.kind = Action::Kind::kJump,
                             .at = Duration(1),
                             .by = kFold - World::kStart - Duration(random.below(kDay.count()))});
  }

  AppFunction& add_function(std::string name, std::string trigger, std::vector<std::string> invokes,
                            bool may_kill) {
    ProgramWish wish{.name = name, .invokes = std::move(invokes), .may_kill = may_kill};
    if (trigger.starts_with("go/")) wish.trigger = trigger;
    constexpr int kRetries[] = {0, 1, 3, 4, 4};
    wish.retries = kRetries[below(std::size(kRetries))];
    bool is_listener = trigger.starts_with("inngest/");
    wish.steps = is_listener ? static_cast<int>(1 + below(2)) : random_size();
    AppFunction made = function(std::move(name), std::move(trigger), random_program(wish, random_));
    made.config.retries = wish.retries;
    if (random_.chance(0.05)) made.config.wait_lookback = random_duration(random_, 0ms, 1min);
    if (random_.chance(0.4)) {
      made.config.driver = DriverKind::kHttp;
      made.config.url = "http://app.example/api/inngest";
      made.checkpoints = random_.chance(0.4);
    }
    plan_.functions.push_back(std::move(made));
    return plan_.functions.back();
  }

  int random_size() {
    uint64_t dice = below(100);
    if (dice < 12) return static_cast<int>(1 + below(4));
    if (dice < 65) return static_cast<int>(5 + below(6));
    if (dice < 90) return static_cast<int>(11 + below(10));
    return static_cast<int>(21 + below(20));
  }

  // Clients come in bursts: most of what can go wrong needs two things at once.
  void add_actions() {
    uint64_t bursts = 4 + below(12);
    std::vector<Duration> begins;
    for (uint64_t i = 0; i < bursts; ++i) begins.push_back(Duration(below(kDay.count() * 9 / 10)));
    auto moment = [&] { return begins[below(begins.size())] + random_duration(random_, 10ms, 1h); };
    uint64_t triggers = 38 + below(33);
    for (uint64_t i = 0; i < triggers; ++i) add_send(moment(), trigger_name());
    for (const std::string& tap : taps_) {
      for (uint64_t i = 4 + below(24); i > 0; --i) add_send(moment(), tap);
    }
    for (uint64_t i = 0; i < 80; ++i) add_send(moment(), random_answer_name(random_));
    for (uint64_t i = 0; i < 20; ++i) add_signal(moment());
    for (uint64_t i = below(20); i > 0 && !stoppable_.empty(); --i) {
      add_send(moment(), "stop/" + stoppable_[below(stoppable_.size())]);
    }
    for (uint64_t i = below(5); i > 0; --i) add_of_run(Action::Kind::kCancel, moment());
    if (is_active()) {  // a storm
      Duration at = moment();
      for (uint64_t i = 5 + below(60); i > 0; --i) {
        add_of_run(Action::Kind::kCancel, at + Duration(below(2000)));
      }
    }
    for (uint64_t i = below(4); i > 0; --i) add_of_run(Action::Kind::kRerun, moment());
    for (uint64_t i = below(6); i > 0; --i) add_invoke(moment());
    for (uint64_t i = random_.chance(0.2) ? 1 + below(2) : 0; i > 0; --i) {
      plan_.actions.push_back({.kind = Action::Kind::kStop, .at = moment()});
    }
    for (uint64_t i = is_active() ? 1 + below(5) : 0; i > 0; --i) add_jump(moment());
  }

  std::string trigger_name() {
    std::vector<std::string> names;
    for (const AppFunction& function : plan_.functions) {
      const auto& triggers = function.config.triggers;
      if (!triggers.empty() && triggers[0].event.starts_with("go/"))
        names.push_back(triggers[0].event);
    }
    return names[below(names.size())];
  }

  void add_send(Duration at, std::string name) {
    Action action{.kind = Action::Kind::kSend, .at = at};
    uint64_t count = random_.chance(0.1) ? 2 + below(4) : 1;
    for (uint64_t i = 0; i < count; ++i) action.events.push_back(random_event(at, name));
    if (random_.chance(0.08)) {  // the same from another sender, at the same time
      Action copy = action;
      copy.at += Duration(below(10));
      plan_.actions.push_back(std::move(copy));
    }
    plan_.actions.push_back(std::move(action));
  }

  Event random_event(Duration at, const std::string& name) {
    if (!sent_.empty() && random_.chance(0.12)) {
      Event copy = sent_[below(sent_.size())];
      if (random_.chance(0.3)) copy.name = name;  // no copy: it shares the id only
      return copy;
    }
    Event event = make_event(name, "", random_data(random_));
    if (random_.chance(0.7)) event.id = fmt::format("e-{}", ++last_event_);
    if (random_.chance(0.06)) event.ts = World::kStart + at + random_duration(random_, 1ms, 2h);
    if (random_.chance(0.1)) event.ts = World::kStart + at - random_duration(random_, 1ms, 5h);
    if (!event.id.empty()) sent_.push_back(event);
    return event;
  }

  void add_signal(Duration at) {
    plan_.actions.push_back(
        {.kind = Action::Kind::kSignal, .at = at, .target = random_signal_name(random_)});
  }

  void add_of_run(Action::Kind kind, Duration at) {
    plan_.actions.push_back({.kind = kind, .at = at, .pick = random_.next()});
  }

  void add_invoke(Duration at) {
    const AppFunction& function = plan_.functions[below(plan_.functions.size() - taps_.size())];
    plan_.actions.push_back(
        {.kind = Action::Kind::kInvoke, .at = at, .target = function.config.id.slug});
  }

  void add_jump(Duration at) {
    Duration by = random_duration(random_, 1ms, 2h);
    if (random_.chance(0.5)) by = -by;
    plan_.actions.push_back({.kind = Action::Kind::kJump, .at = at, .by = by});
  }

  // Each life of the process ends at one of its commits, or while it recovers; some soon.
  void add_crashes() {
    constexpr CrashPoint::Kind kKinds[] = {
        CrashPoint::Kind::kBeforeSubmit, CrashPoint::Kind::kInFlightLost,
        CrashPoint::Kind::kInFlightKept, CrashPoint::Kind::kBeforeEffects,
        CrashPoint::Kind::kMidEffects,   CrashPoint::Kind::kRecoveryPage};
    uint64_t lives = random_.chance(0.1) ? 0 : below(47);
    for (uint64_t life = 0; life < lives; ++life) {
      CrashPoint point;
      point.life = static_cast<int>(life);
      point.kind = kKinds[below(std::size(kKinds))];
      bool is_soon = random_.chance(0.4) || point.kind == CrashPoint::Kind::kRecoveryPage;
      point.index = static_cast<int>(is_soon ? below(4) : below(4'000 / (lives + 1)));
      point.effects = static_cast<int>(1 + below(3));
      plan_.options.crashes.push_back(point);
    }
  }

  // Some just when something ends runs: what is decided then must outlive it. Draws of its own.
  void add_deaths() {
    Random random = Random(plan_.seed).stream("deaths");
    if (!random.chance(kSiteIsActive)) return;
    std::vector<Action> deaths;
    for (const Action& action : plan_.actions) {
      const bool is_cancel = action.kind == Action::Kind::kCancel;  // they come in storms
      const bool is_stop =
          action.kind == Action::Kind::kSend && action.events.front().name.starts_with("stop/");
      if (!random.chance(is_stop ? 0.3 : is_cancel ? 0.05 : 0)) continue;
      deaths.push_back({.kind = Action::Kind::kDie, .at = action.at + Duration(random.below(80))});
    }
    plan_.actions.insert(plan_.actions.end(), deaths.begin(), deaths.end());
  }

  // Last, from randomness of its own: what was drawn before stays as it is.
  void set_wire() {
    Random random = Random(plan_.seed).stream("wire");
    WireOptions& wire = plan_.options.wire;
    for (const WireSite& site : kWireSites) {
      if (random.chance(kSiteIsActive)) wire.rates.*site.rate = random.unit() * site.rate_max;
    }
    wire.is_signed = random.chance(0.5);
    wire.streams = random.chance(0.2);
    wire.is_chunked = random.chance(0.3);
    if (random.chance(0.3)) wire.lane_requests_max = 1 + random.below(8);
  }

  Random random_;
  Plan plan_;
  std::vector<std::string> stoppable_;
  std::vector<std::string> taps_;
  std::vector<Event> sent_;
  int last_event_ = 0;
};

}  // namespace

Plan random_plan(uint64_t seed) {
  return Planner(seed).plan();
}

}  // namespace stepwell::sim
