#include "tests/simulation/shrink.h"

#include <algorithm>

namespace stepwell::sim {
namespace {

class Shrinker {
 public:
  Shrinker(Plan plan, const std::function<bool(const Plan&)>& fails, size_t plays_max)
      : plan_(std::move(plan)), fails_(fails), plays_max_(plays_max) {}

  Shrunk shrink() {
    // Each round makes the next cheaper; one that changes nothing is the last.
    for (bool has_changed = true; has_changed && plays_ < plays_max_;) {
      has_changed = drop_faults();
      has_changed |= drop_from([](Plan & plan) -> auto& { return plan.options.crashes; });
      has_changed |= drop_from([](Plan & plan) -> auto& { return plan.actions; });
      has_changed |= drop_events();
      has_changed |= drop_functions();
      has_changed |= simplify_options();
      has_changed |= shorten_programs();
    }
    return {std::move(plan_), plays_};
  }

 private:
  // Keeps the change if what is looked for is still there.
  bool try_out(Plan changed) {
    if (plays_ >= plays_max_) return false;
    ++plays_;
    if (!fails_(changed)) return false;
    plan_ = std::move(changed);
    return true;
  }

  template <typename Change>
  bool try_change(Change change) {
    Plan changed = plan_;
    change(changed);
    return try_out(std::move(changed));
  }

  // Takes parts out of a list: halves, then quarters, and so on down to single elements.
  template <typename Get>
  bool drop_from(Get get) {
    bool has_changed = false;
    for (size_t part = get(plan_).size(); part > 0; part /= 2) {
      for (size_t at = 0; at < get(plan_).size();) {
        bool is_dropped = try_change([&](Plan& plan) {
          auto& list = get(plan);
          auto first = list.begin() + static_cast<ptrdiff_t>(at);
          auto last = list.begin() + static_cast<ptrdiff_t>(std::min(at + part, list.size()));
          list.erase(first, last);
        });
        has_changed |= is_dropped;
        if (!is_dropped) at += part;
      }
    }
    return has_changed;
  }

  bool drop_faults() {
    bool has_changed = false;
    for (const FaultSite& site : kFaultSites) {
      if (plan_.options.faults.*site.rate == 0) continue;
      has_changed |= try_change([&](Plan& plan) { plan.options.faults.*site.rate = 0; });
    }
    for (const WireSite& site : kWireSites) {
      if (plan_.options.wire.rates.*site.rate == 0) continue;
      has_changed |= try_change([&](Plan& plan) { plan.options.wire.rates.*site.rate = 0; });
    }
    return has_changed;
  }

  // Of what is sent in one request.
  bool drop_events() {
    bool has_changed = false;
    for (size_t i = 0; i < plan_.actions.size(); ++i) {
      if (plan_.actions[i].events.size() < 2) continue;
      for (size_t k = plan_.actions[i].events.size(); k-- > 0;) {
        if (plan_.actions[i].events.size() < 2) break;
        has_changed |= try_change([&](Plan& plan) {
          auto& events = plan.actions[i].events;
          events.erase(events.begin() + static_cast<ptrdiff_t>(k));
        });
      }
    }
    return has_changed;
  }

  // Functions that nobody invokes: without those that are, plans would mean something else.
  bool drop_functions() {
    bool has_changed = false;
    for (size_t i = plan_.functions.size(); i-- > 0;) {
      if (is_invoked(plan_.functions[i].config.id.slug)) continue;
      has_changed |= try_change([&](Plan& plan) {
        plan.functions.erase(plan.functions.begin() + static_cast<ptrdiff_t>(i));
      });
    }
    return has_changed;
  }

  bool is_invoked(const std::string& function) const {
    for (const Action& action : plan_.actions) {
      if (action.kind == Action::Kind::kInvoke && action.target == function) return true;
    }
    return std::any_of(plan_.functions.begin(), plan_.functions.end(),
                       [&](const AppFunction& each) { return invokes(each.program, function); });
  }

  static bool invokes(const Body& body, const std::string& function) {
    return std::any_of(body.begin(), body.end(), [&](const Statement& statement) {
      if (statement.kind == Statement::Kind::kInvoke && statement.target == function) return true;
      return std::any_of(statement.branches.begin(), statement.branches.end(),
                         [&](const Body& branch) { return invokes(branch, function); });
    });
  }

  // What a world has that nothing special was asked for.
  bool simplify_options() {
    bool has_changed = false;
    const HostOptions usual;
    auto reset = [&](auto member, const auto& value) {
      if (plan_.options.*member == value) return;
      has_changed |= try_change([&](Plan& plan) { plan.options.*member = value; });
    };
    auto reset_setting = [&](auto member, const auto& value) {
      if (plan_.options.settings.*member == value) return;
      has_changed |= try_change([&](Plan& plan) { plan.options.settings.*member = value; });
    };
    reset(&HostOptions::keeps_tails, usual.keeps_tails);
    reset(&HostOptions::page, size_t{100});
    reset(&HostOptions::commit_max, usual.commit_max);
    reset(&HostOptions::delay_max, usual.delay_max);
    auto reset_wire = [&](auto member, const auto& value) {
      if (plan_.options.wire.*member == value) return;
      has_changed |= try_change([&](Plan& plan) { plan.options.wire.*member = value; });
    };
    reset_wire(&WireOptions::is_signed, false);
    reset_wire(&WireOptions::streams, false);
    reset_wire(&WireOptions::is_chunked, false);
    reset_wire(&WireOptions::lane_requests_max, usual.wire.lane_requests_max);
    reset_setting(&core::Settings::always_evict, usual.settings.always_evict);
    reset_setting(&core::Settings::hot_bytes_max, usual.settings.hot_bytes_max);
    reset_setting(&core::Settings::calls_max, usual.settings.calls_max);
    reset_setting(&core::Settings::wait_lookback, usual.settings.wait_lookback);
    reset_setting(&core::Settings::retry_interval, usual.settings.retry_interval);
    reset_setting(&core::Settings::durable_channels, usual.settings.durable_channels);
    return has_changed;
  }

  bool shorten_programs() {
    bool has_changed = false;
    for (size_t i = 0; i < plan_.functions.size(); ++i) {
      has_changed |= shorten([i](Plan& plan) -> Body& { return plan.functions[i].program; });
    }
    return has_changed;
  }

  // Takes statements out of a body, and out of what stands inside them.
  bool shorten(const std::function<Body&(Plan&)>& get) {
    bool has_changed = drop_from(get);
    for (size_t i = 0; i < get(plan_).size(); ++i) {
      for (size_t k = 0; k < get(plan_)[i].branches.size(); ++k) {
        has_changed |=
            shorten([&get, i, k](Plan& plan) -> Body& { return get(plan)[i].branches[k]; });
      }
    }
    return has_changed;
  }

  Plan plan_;
  const std::function<bool(const Plan&)>& fails_;
  size_t plays_max_;
  size_t plays_ = 0;
};

}  // namespace

Shrunk shrink(Plan plan, const std::function<bool(const Plan&)>& fails, size_t plays_max) {
  return Shrinker(std::move(plan), fails, plays_max).shrink();
}

}  // namespace stepwell::sim
