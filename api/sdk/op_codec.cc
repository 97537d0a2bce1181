#include "api/sdk/op_codec.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "api/server/json_body.h"
#include "api/server/request.h"
#include "schema/json.h"
#include "schema/utf8.h"

namespace stepwell::sdk {
namespace {

enum class OpName {
  kNone,
  kStepRun,
  kStepError,
  kStepFailed,
  kStepPlanned,
  kSleep,
  kWaitForEvent,
  kWaitForSignal,
  kInvokeFunction,
  kGateway,
  kAiGateway,
  kDiscoveryRequest,
  kRunComplete,
  kUnbuilt,
};

struct Named {
  std::string_view text;
  OpName name;
};

constexpr std::array kNames = {
    Named{"None", OpName::kNone},
    Named{"Step", OpName::kStepRun},
    Named{"StepRun", OpName::kStepRun},
    Named{"StepError", OpName::kStepError},
    Named{"StepFailed", OpName::kStepFailed},
    Named{"StepPlanned", OpName::kStepPlanned},
    Named{"Sleep", OpName::kSleep},
    Named{"WaitForEvent", OpName::kWaitForEvent},
    Named{"WaitForSignal", OpName::kWaitForSignal},
    Named{"InvokeFunction", OpName::kInvokeFunction},
    Named{"Gateway", OpName::kGateway},
    Named{"AIGateway", OpName::kAiGateway},
    Named{"DiscoveryRequest", OpName::kDiscoveryRequest},
    Named{"RunComplete", OpName::kRunComplete},
    Named{"SyncRunComplete", OpName::kUnbuilt},
    Named{"DeferAdd", OpName::kUnbuilt},
    Named{"DeferAbort", OpName::kUnbuilt},
};

Error fault(std::string message) {
  return Error{ErrorCode::kInvalid, std::move(message)};
}

std::string text_of(JsonView object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->as_string().value_or("") : std::string();
}

struct Text {
  JsonView from;
  std::string_view key;
  std::string* to;
};

// Texts that say what an op does. What is left out or null stays empty; another type is a fault, as
// the step would do something else without it.
Result<void> read_texts(std::initializer_list<Text> texts) {
  for (const Text& text : texts) {
    Result<std::string> value = server::read_text(text.from, text.key);
    if (!value) return value.error();
    *text.to = std::move(*value);
  }
  return {};
}

std::string raw_of(JsonView object, std::string_view key, std::string_view otherwise) {
  const auto value = object.find(key);
  return std::string(value && !value->is_null() ? value->text() : otherwise);
}

// A date, or a length of time; empty is now.
Result<Deadline> parse_deadline(const std::string& text) {
  constexpr size_t kDateLengthMin = 10;
  if (text.empty()) return Deadline{.after = Duration::zero()};
  if (text.size() >= kDateLengthMin) {
    if (const Result<Time> time = parse_rfc3339(text)) return Deadline{.at = *time};
  }
  const Result<Duration> duration = parse_duration(text);
  if (!duration) return fault(fmt::format("\"{}\" is neither a duration nor a date", text));
  return Deadline{.after = *duration};
}

// Of timeouts that may be left out.
Result<std::optional<Deadline>> parse_optional_deadline(const std::string& text) {
  if (text.empty()) return std::optional<Deadline>();
  const Result<Deadline> deadline = parse_deadline(text);
  if (!deadline) return deadline.error();
  return std::optional<Deadline>(*deadline);
}

// What people are shown: as the user wrote it, if the SDK says so.
std::string shown_id(JsonView op) {
  std::string id = text_of(op, "displayName");
  if (id.empty()) {
    if (const auto userland = op.find("userland")) id = text_of(*userland, "id");
  }
  if (id.empty()) id = text_of(op, "name");
  return id.empty() ? text_of(op, "id") : id;
}

// " (WaitForEvent "approval")": an op as faults name it, without what else it holds.
std::string named(JsonView op) {
  constexpr size_t kShownBytesMax = 64;
  const auto cut = [](std::string text) {
    text.resize(valid_utf8_length(std::string_view(text).substr(0, kShownBytesMax)));
    return text;
  };
  const std::string name = text_of(op, "op");
  if (name.empty()) return "";
  return fmt::format(" ({} \"{}\")", cut(name), cut(shown_id(op)));
}

class OpReader {
 public:
  OpReader(JsonView op, const OpHints& hints) : op_(op), hints_(hints) {
    if (const auto opts = op.find("opts"); opts && opts->is_object()) opts_ = *opts;
  }

  // Which op it is.
  Result<OpName> name() const {
    if (!op_.is_object()) return fault("it is no object");
    const std::string text = text_of(op_, "op");
    for (const Named& named : kNames) {
      if (server::equals_ignoring_case(named.text, text)) {
        if (named.name != OpName::kUnbuilt) return named.name;
        return fault(fmt::format("this version of Stepwell can't do {}", named.text));
      }
    }
    return fault(fmt::format("there is no op \"{}\"", text));
  }

  // An op that is a step.
  Result<StepOp> step(OpName name) const {
    const std::optional<StepKey> key = StepKey::parse(text_of(op_, "id"));
    if (!key) return fault("its id is no SHA-1 in hexadecimal digits");
    if (const auto opts = op_.find("opts"); opts && !opts->is_null() && !opts->is_object()) {
      return fault("opts is no object");
    }
    if (const auto input = opts_.find("input")) {
      if (!input->is_null() && !input->is_array()) return fault("opts.input is no array");
      if (input->text().size() > kStepBytesMax) {
        return fault("step input size is greater than the limit");
      }
    }
    Result<Body> body = read_body(name);
    if (!body) return body.error();
    return StepOp{.key = *key, .id = shown_id(op_), .body = std::move(*body), .seen = {}};
  }

  std::string data() const { return raw_of(op_, "data", "null"); }

  bool is_race() const {
    return server::equals_ignoring_case(text_of(opts_, "parallelMode"), "race");
  }

 private:
  using Body = decltype(StepOp::body);

  Result<Body> read_body(OpName name) const {
    switch (name) {
      case OpName::kStepRun:
        return Body(StepReturned{.data = data(), .publications = {}, .ran = time_of_body()});
      case OpName::kStepError:
        return Body(threw(!hints_.no_retry));
      case OpName::kStepFailed:
        return Body(threw(false));
      case OpName::kStepPlanned:
        return Body(StepPlanned{});
      case OpName::kSleep:
        return sleep();
      case OpName::kWaitForEvent:
        return wait_for_event();
      case OpName::kWaitForSignal:
        return wait_for_signal();
      case OpName::kInvokeFunction:
        return invoke();
      case OpName::kGateway:
        return Body(CallOut{StepKind::kFetch, std::string(opts_.text())});
      case OpName::kAiGateway:
        return Body(CallOut{StepKind::kInfer, std::string(opts_.text())});
      default:
        return fault("it is no step");
    }
  }

  // `timing`: when the body began and how long it took, in nanoseconds. For people: what is no such
  // thing is passed over.
  std::optional<BodyTime> time_of_body() const {
    const auto timing = op_.find("timing");
    if (!timing || !timing->is_object()) return std::nullopt;
    const auto number = [&](std::string_view member) -> std::optional<double> {
      const auto value = timing->find(member);
      return value ? value->as_double() : std::nullopt;
    };
    constexpr double kNanoseconds = 1e6;  // in a millisecond
    constexpr double kMillisMax = 1e15;   // about the year 33,000
    const double began = number("a").value_or(-1) / kNanoseconds;
    const double took = number("b").value_or(-1) / kNanoseconds;
    if (began < 0 || took < 0 || began > kMillisMax || took > kMillisMax) return std::nullopt;
    return BodyTime{Time(Duration(std::llround(began))), Duration(std::llround(took))};
  }

  StepThrew threw(bool retriable) const {
    StepThrew body{.retriable = retriable, .retry_after = hints_.retry_after};
    body.ran = time_of_body();
    if (const auto error = op_.find("error"); error && !error->is_null()) {
      body.error = parse_error_info(error->text());
      const auto no_retry = error->find("noRetry");
      if (no_retry && no_retry->as_bool().value_or(false)) body.retriable = false;
    }
    if (body.error.message.empty()) body.error.message = "the step failed without a message";
    return body;
  }

  Result<Body> sleep() const {
    std::string duration;
    std::string name;
    const Result<void> read = read_texts({{opts_, "duration", &duration}, {op_, "name", &name}});
    if (!read) return read.error();
    const Result<Deadline> until = parse_deadline(duration.empty() ? name : duration);
    if (!until) return until.error();
    return Body(Sleep{*until});
  }

  Result<Body> wait_for_event() const {
    WaitForEvent body;
    std::string name;
    std::string timeout_text;
    const Result<void> read = read_texts({{opts_, "event", &body.event},
                                          {op_, "name", &name},
                                          {opts_, "if", &body.expression},
                                          {opts_, "timeout", &timeout_text}});
    if (!read) return read.error();
    if (body.event.empty()) body.event = std::move(name);
    if (body.event.empty()) return fault("it names no event");
    const Result<Deadline> timeout = parse_deadline(timeout_text);
    if (!timeout) return timeout.error();
    body.timeout = *timeout;
    return Body(std::move(body));
  }

  Result<Body> wait_for_signal() const {
    WaitForSignal body;
    std::string name;
    std::string conflict;
    std::string timeout_text;
    const Result<void> read = read_texts({{opts_, "signal", &body.signal},
                                          {op_, "name", &name},
                                          {opts_, "conflict", &conflict},
                                          {opts_, "timeout", &timeout_text}});
    if (!read) return read.error();
    if (body.signal.empty()) body.signal = std::move(name);
    if (body.signal.empty()) return fault("it names no signal");
    const bool replaces = server::equals_ignoring_case(conflict, "replace");
    body.on_conflict = replaces ? SignalConflict::kReplace : SignalConflict::kFail;
    const auto timeout = parse_optional_deadline(timeout_text);
    if (!timeout) return timeout.error();
    body.timeout = *timeout;
    return Body(std::move(body));
  }

  Result<Body> invoke() const {
    InvokeFunction body;
    const auto payload = opts_.find("payload");
    if (payload && !payload->is_null() && !payload->is_object()) {
      return fault("opts.payload is no object");
    }
    const JsonView event = payload.value_or(JsonView());
    std::string timeout_text;
    const Result<void> read = read_texts({{opts_, "function_id", &body.function},
                                          {event, "v", &body.version},
                                          {opts_, "timeout", &timeout_text}});
    if (!read) return read.error();
    if (body.function.empty()) return fault("opts.function_id is missing");
    body.data = raw_of(event, "data", "{}");
    body.user = raw_of(event, "user", "{}");
    if (!JsonView::trusted(body.data).is_object()) return fault("the payload's data is no object");
    if (!JsonView::trusted(body.user).is_object()) return fault("the payload's user is no object");
    const auto timeout = parse_optional_deadline(timeout_text);
    if (!timeout) return timeout.error();
    body.timeout = *timeout;
    return Body(std::move(body));
  }

  JsonView op_;
  JsonView opts_;
  OpHints hints_;
};

// Reads one op into `parsed`.
Result<void> take(ParsedOps& parsed, JsonView element, const OpHints& hints) {
  const OpReader reader(element, hints);
  const Result<OpName> name = reader.name();
  if (!name) return name.error();
  switch (*name) {
    case OpName::kNone:
    case OpName::kDiscoveryRequest:
      parsed.wants_call = true;
      return {};
    case OpName::kRunComplete:
      parsed.output = reader.data();
      return {};
    default:
      break;
  }
  Result<StepOp> op = reader.step(*name);
  if (!op) return op.error();
  parsed.has_race = parsed.has_race || reader.is_race();
  parsed.ops.push_back(std::move(*op));
  return {};
}

}  // namespace

Result<ParsedOps> parse_ops(std::string_view body, const OpHints& hints) {
  const Result<JsonView> root = parse_json(body);
  if (!root) return fault("the ops are no JSON: " + root.error().message);
  ParsedOps parsed;
  if (root->is_object()) {
    if (const Result<void> taken = take(parsed, *root, hints); !taken) {
      return fault(fmt::format("the op{} is wrong: {}", named(*root), taken.error().message));
    }
    return parsed;
  }
  if (!root->is_array()) return fault("the ops are neither an array nor an object");
  size_t index = 0;
  for (JsonElements it = root->elements(); it.next(); ++index) {
    if (const Result<void> taken = take(parsed, it.value(), hints); !taken) {
      return fault(
          fmt::format("op {}{} is wrong: {}", index, named(it.value()), taken.error().message));
    }
  }
  parsed.wants_call = parsed.wants_call || index == 0;
  return parsed;
}

Result<std::vector<StepOp>> parse_checkpoint_ops(JsonView steps) {
  if (!steps.is_array()) return fault("\"steps\" is no array");
  std::vector<StepOp> ops;
  size_t index = 0;
  for (JsonElements it = steps.elements(); it.next(); ++index) {
    const OpReader reader(it.value(), {});
    const Result<OpName> name = reader.name();
    if (!name) return fault(fmt::format("step {}: {}", index, name.error().message));
    if (*name == OpName::kStepPlanned) continue;
    if (*name != OpName::kStepRun) {
      return fault(fmt::format("step {}: only results are recorded here", index));
    }
    Result<StepOp> op = reader.step(*name);
    if (!op) return fault(fmt::format("step {}: {}", index, op.error().message));
    if (std::get<StepReturned>(op->body).data.size() > kStepBytesMax) {
      return Error{ErrorCode::kTooLarge,
                   fmt::format("step {}: step output size is greater than the limit", index)};
    }
    ops.push_back(std::move(*op));
  }
  return ops;
}

}  // namespace stepwell::sdk
