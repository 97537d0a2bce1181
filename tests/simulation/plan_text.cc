#include "tests/simulation/plan_text.h"

#include <fmt/core.h>

#include <cstdlib>
#include <iterator>
#include <type_traits>

#include "tests/simulation/sweep.h"
#include "tests/simulation/text_tree.h"

namespace stepwell::sim {
namespace {

// -- Scalars ----------------------------------------------------------------------------------

constexpr std::string_view kStatementKinds[] = {"run",    "sleep", "wait",     "signal",  "invoke",
                                                "send",   "fetch", "parallel", "race",    "try",
                                                "repeat", "throw", "stall",    "publish", "return"};
constexpr std::string_view kActionKinds[] = {"send",  "cancel", "signal", "invoke",
                                             "rerun", "pause",  "jump",   "stop",   "die"};
constexpr std::string_view kConflicts[] = {"fail", "replace"};

template <typename Enum>
constexpr auto& names_of() {
  if constexpr (std::is_same_v<Enum, Statement::Kind>) return kStatementKinds;
  if constexpr (std::is_same_v<Enum, Action::Kind>) return kActionKinds;
  if constexpr (std::is_same_v<Enum, SignalConflict>) return kConflicts;
}

template <typename T>
std::string to_text(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) return value;
  if constexpr (std::is_same_v<T, bool>) return value ? "yes" : "no";
  if constexpr (std::is_same_v<T, Duration>) return fmt::format("{}", value.count());
  if constexpr (std::is_same_v<T, Time>) return to_text(value.time_since_epoch());
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
    return fmt::format("{}", value);
  if constexpr (std::is_enum_v<T>) return std::string(names_of<T>()[static_cast<size_t>(value)]);
}

template <typename T>
T from_text(const std::string& text) {
  if constexpr (std::is_same_v<T, std::string>) return text;
  if constexpr (std::is_same_v<T, bool>) return text == "yes";
  if constexpr (std::is_same_v<T, Duration>) return Duration(std::atoll(text.c_str()));
  if constexpr (std::is_same_v<T, Time>) return Time(from_text<Duration>(text));
  if constexpr (std::is_floating_point_v<T>) return std::strtod(text.c_str(), nullptr);
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return static_cast<T>(std::strtoull(text.c_str(), nullptr, 10));
  }
  if constexpr (std::is_enum_v<T>) {
    const auto& names = names_of<T>();
    for (size_t i = 0; i < std::size(names); ++i) {
      if (names[i] == text) return static_cast<T>(i);
    }
    return T{};
  }
}

// -- Fields, written and read by the same list ------------------------------------------------

class Writer {
 public:
  explicit Writer(TextNode& node) : node_(node) {}

  template <typename T>
  void field(std::string_view name, T& value, const T& usual = T{}) {
    if (value != usual) add(name, to_text(value));
  }
  template <typename T>
  void field(std::string_view name, std::optional<T>& value) {
    if (value) add(name, to_text(*value));
  }
  // `head`: the scalar that stands on the element's own line.
  template <typename T, typename Head, typename Rest>
  void list(std::string_view name, std::vector<T>& elements, Head head, Rest rest) {
    for (T& element : elements) {
      add(name, to_text(head(element)));
      Writer inner(node_.children.back());
      rest(inner, element);
    }
  }
  template <typename T, typename Rest>
  void list(std::string_view name, std::vector<T>& elements, Rest rest) {
    for (T& element : elements) {
      add(name, "");
      Writer inner(node_.children.back());
      rest(inner, element);
    }
  }

 private:
  void add(std::string_view name, std::string value) {
    node_.children.push_back({std::string(name), std::move(value), {}});
  }

  TextNode& node_;
};

class Reader {
 public:
  explicit Reader(const TextNode& node) : node_(node) {}

  template <typename T>
  void field(std::string_view name, T& value, const T& usual = T{}) {
    const TextNode* found = node_.find(name);
    value = found == nullptr ? usual : from_text<T>(found->value);
  }
  template <typename T>
  void field(std::string_view name, std::optional<T>& value) {
    if (const TextNode* found = node_.find(name)) value = from_text<T>(found->value);
  }
  template <typename T, typename Head, typename Rest>
  void list(std::string_view name, std::vector<T>& elements, Head head, Rest rest) {
    for (const TextNode& child : node_.children) {
      if (child.name != name) continue;
      T& element = elements.emplace_back();
      using Scalar = std::remove_cvref_t<decltype(head(element))>;
      head(element) = from_text<Scalar>(child.value);
      Reader inner(child);
      rest(inner, element);
    }
  }
  template <typename T, typename Rest>
  void list(std::string_view name, std::vector<T>& elements, Rest rest) {
    for (const TextNode& child : node_.children) {
      if (child.name != name) continue;
      Reader inner(child);
      rest(inner, elements.emplace_back());
    }
  }

 private:
  const TextNode& node_;
};

template <typename Archive>
void events(Archive& archive, std::string_view name, std::vector<Event>& list) {
  archive.list(
      name, list, [](Event& event) -> std::string& { return event.name; },
      [](auto& inner, Event& event) {
        inner.field("id", event.id);
        inner.field("data", event.data);
        inner.field("ts", event.ts);
      });
}

template <typename Archive>
void body(Archive& archive, Body& list);

template <typename Archive>
void statement(Archive& archive, Statement& value) {
  archive.field("id", value.id);
  value.key = StepKey::of(value.id);
  archive.field("target", value.target);
  archive.field("expression", value.expression);
  archive.field("duration", value.duration);
  archive.field("at", value.at);
  archive.field("count", value.count);
  archive.field("conflict", value.on_conflict, SignalConflict::kFail);
  archive.field("retriable", value.is_retriable, true);
  archive.field("retry-after", value.retry_after);
  archive.field("takes", value.takes, Statement{}.takes);
  archive.field("kills", value.kills);
  events(archive, "event", value.events);
  events(archive, "emits", value.emits);
  archive.list(
      "publishes", value.channels, [](std::string& channel) -> std::string& { return channel; },
      [](auto&, std::string&) {});
  archive.list("branch", value.branches, [](auto& inner, Body& branch) { body(inner, branch); });
}

template <typename Archive>
void body(Archive& archive, Body& list) {
  archive.list(
      "step", list, [](Statement& each) -> Statement::Kind& { return each.kind; },
      [](auto& inner, Statement& each) { statement(inner, each); });
}

// Worlds have one at most.
template <typename Archive>
void durable_channel(Archive& archive, core::Settings& settings) {
  const HistoryBounds usual = core::Settings{}.durable_history;
  std::string name = settings.durable_channels.empty() ? "" : settings.durable_channels.front();
  archive.field("durable-channel", name);
  settings.durable_channels.clear();
  if (!name.empty()) settings.durable_channels.push_back(name);
  archive.field("durable-age", settings.durable_history.age, usual.age);
  archive.field("durable-messages", settings.durable_history.messages_max, usual.messages_max);
}

template <typename Archive>
void options(Archive& archive, HostOptions& value) {
  const HostOptions usual;
  core::Settings& settings = value.settings;
  archive.field("always-evict", settings.always_evict);
  archive.field("hot-bytes-max", settings.hot_bytes_max, usual.settings.hot_bytes_max);
  archive.field("calls-max", settings.calls_max, usual.settings.calls_max);
  durable_channel(archive, settings);
  archive.field("wait-lookback", settings.wait_lookback, usual.settings.wait_lookback);
  archive.field("retry-interval", settings.retry_interval);
  archive.field("deaths-alone-max", settings.deaths_alone_max, usual.settings.deaths_alone_max);
  archive.field("page", value.page, usual.page);
  archive.field("commit-max", value.commit_max, usual.commit_max);
  archive.field("delay-max", value.delay_max, usual.delay_max);
  archive.field("faults-end", value.faults_end);
  archive.field("schedules-end", value.schedules_end);
  archive.field("keeps-tails", value.keeps_tails);
  archive.field("steps-max", value.steps_max, usual.steps_max);
  archive.field("audit-all-each", value.audit_all_each, usual.audit_all_each);
  for (const FaultSite& site : kFaultSites) {
    archive.field(fmt::format("fault.{}", site.name), value.faults.*site.rate);
  }
  WireOptions& wire = value.wire;
  archive.field("wire-signed", wire.is_signed);
  archive.field("wire-streams", wire.streams);
  archive.field("wire-chunked", wire.is_chunked);
  archive.field("wire-lane", wire.lane_requests_max, usual.wire.lane_requests_max);
  for (const WireSite& site : kWireSites) {
    archive.field(fmt::format("wire.{}", site.name), wire.rates.*site.rate);
  }
}

template <typename Archive>
void actions(Archive& archive, std::vector<Action>& list) {
  archive.list(
      "action", list, [](Action& action) -> Action::Kind& { return action.kind; },
      [](auto& inner, Action& action) {
        inner.field("at", action.at);
        inner.field("target", action.target);
        inner.field("pick", action.pick);
        inner.field("by", action.by);
        events(inner, "event", action.events);
      });
}

}  // namespace

std::string plan_text(const Plan& plan) {
  TextNode root;
  Plan copy = plan;
  Writer writer(root);
  writer.field("seed", copy.seed);
  options(writer, copy.options);
  root.children.push_back({"crashes", describe(plan.options.crashes), {}});
  for (AppFunction& function : copy.functions) {
    root.children.push_back({"function", function_config_json(function.config), {}});
    Writer inner(root.children.back());
    inner.field("checkpoints", function.checkpoints);
    body(inner, function.program);
  }
  actions(writer, copy.actions);
  return print_tree(root);
}

Result<Plan> parse_plan(std::string_view text) {
  Result<TextNode> root = parse_tree(text);
  if (!root) return root.error();
  Plan plan;
  Reader reader(*root);
  reader.field("seed", plan.seed);
  options(reader, plan.options);
  if (const TextNode* crashes = root->find("crashes")) {
    auto points = parse_crashes(crashes->value);
    if (!points) return Error{ErrorCode::kInvalid, "no crashes: " + crashes->value};
    plan.options.crashes = std::move(*points);
  }
  for (const TextNode& child : root->children) {
    if (child.name != "function") continue;
    Result<FunctionConfig> config = parse_function_config(child.value);
    if (!config) return config.error();
    AppFunction& function = plan.functions.emplace_back();
    function.config = std::move(*config);
    Reader inner(child);
    inner.field("checkpoints", function.checkpoints);
    body(inner, function.program);
  }
  actions(reader, plan.actions);
  return plan;
}

}  // namespace stepwell::sim
