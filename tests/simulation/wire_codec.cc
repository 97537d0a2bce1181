#include "tests/simulation/wire_codec.h"

#include <fmt/core.h>

#include <map>

#include "schema/json.h"

namespace stepwell::sim {
namespace {

constexpr int kOps = 206;
constexpr int kStreamed = 201;

Error wrong(std::string what) {
  return Error{ErrorCode::kInvalid, std::move(what)};
}

std::string text_in(JsonView object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->as_string().value_or("") : std::string();
}

// The only member of an object, if that is its name.
std::optional<JsonView> only_member(JsonView value, std::string_view name) {
  if (!value.is_object()) return std::nullopt;
  std::optional<JsonView> found;
  for (JsonMembers it = value.members(); it.next();) {
    if (it.key() != name || found) return std::nullopt;
    found = it.value();
  }
  return found;
}

// {"data":…}, {"error":…}, or the data itself.
core::MemoEntry read_memo(const StepKey& key, JsonView value) {
  core::MemoEntry entry{.key = key};
  if (const auto error = only_member(value, "error")) {
    entry.state = StepState::kFailed;
    entry.error = parse_error_info(error->text());
  } else if (const auto data = only_member(value, "data")) {
    entry.data = std::string(data->text());
  } else {
    entry.data = std::string(value.text());
  }
  return entry;
}

Result<std::vector<core::MemoEntry>> read_memos(JsonView stack, JsonView steps) {
  std::map<std::string, JsonView> values;
  for (JsonMembers it = steps.members(); it.next();) values.emplace(it.key(), it.value());
  std::vector<core::MemoEntry> memo;
  for (JsonElements it = stack.elements(); it.next();) {
    const std::string text = it.value().as_string().value_or("");
    const std::optional<StepKey> key = StepKey::parse(text);
    const auto value = values.find(text);
    if (!key || value == values.end()) {
      return wrong(fmt::format("the stack holds \"{}\"", text));
    }
    memo.push_back(read_memo(*key, value->second));
  }
  if (values.size() != memo.size()) return wrong("the stack and the steps differ");
  return memo;
}

std::string deadline_text(const Deadline& deadline) {
  return deadline.at ? format_rfc3339(*deadline.at)
                     : format_duration(deadline.after.value_or(Duration(0)));
}

std::string deadline_text(const std::optional<Deadline>& deadline) {
  return deadline ? deadline_text(*deadline) : std::string();
}

// "op", "name" and "opts", by the kind of step.
class OpWriter {
 public:
  OpWriter(JsonWriter& json, const StepOp& op, bool is_race)
      : json_(json), op_(op), is_race_(is_race) {}

  void operator()(const StepPlanned&) { begin("StepPlanned", op_.id).opts().end(); }
  void operator()(const StepReturned& step) {
    begin("StepRun", op_.id).json_.key("data").raw(step.data);
  }
  void operator()(const StepThrew& step) {
    begin(step.retriable ? "StepError" : "StepFailed", op_.id);
    json_.key("error").raw(error_json(step.error));
  }
  void operator()(const Sleep& sleep) { begin("Sleep", deadline_text(sleep.until)).opts().end(); }
  void operator()(const WaitForEvent& wait) {
    begin("WaitForEvent", wait.event).opts();
    json_.key("timeout").string(deadline_text(wait.timeout));
    if (!wait.expression.empty()) json_.key("if").string(wait.expression);
    end();
  }
  void operator()(const WaitForSignal& wait) {
    begin("WaitForSignal", wait.signal).opts();
    json_.key("signal").string(wait.signal);
    json_.key("conflict").string(wait.on_conflict == SignalConflict::kReplace ? "replace" : "fail");
    json_.key("timeout").string(deadline_text(wait.timeout));
    end();
  }
  void operator()(const InvokeFunction& invoke) {
    begin("InvokeFunction", op_.id).opts();
    json_.key("function_id").string(invoke.function);
    json_.key("payload").begin_object().key("data").raw(invoke.data).end_object();
    json_.key("timeout").string(deadline_text(invoke.timeout));
    end();
  }
  // SDKs send events, and ask for requests, in other ways.
  void operator()(const SendEvents&) { begin("StepPlanned", op_.id); }
  void operator()(const CallOut&) { begin("StepPlanned", op_.id); }

 private:
  OpWriter& begin(std::string_view op, std::string_view name) {
    json_.key("op").string(op).key("name").string(name);
    return *this;
  }
  OpWriter& opts() {
    json_.key("opts").begin_object();
    if (is_race_) json_.key("parallelMode").string("race");
    return *this;
  }
  void end() { json_.end_object(); }

  JsonWriter& json_;
  const StepOp& op_;
  bool is_race_;
};

void append_op(JsonWriter& json, const StepOp& op, bool is_race) {
  json.begin_object().key("id").string(op.key.to_string());
  json.key("displayName").string(op.id);
  std::visit(OpWriter(json, op, is_race), op.body);
  json.end_object();
}

void add_hints(WireAnswer& answer, bool retriable, const std::optional<Duration>& retry_after) {
  answer.fields.emplace_back("x-inngest-no-retry", retriable ? "false" : "true");
  if (!retry_after) return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*retry_after);
  answer.fields.emplace_back("Retry-After", std::to_string(seconds.count()));
}

}  // namespace

Result<WireCall> read_wire_call(std::string_view body) {
  const Result<JsonView> root = parse_json(body);
  if (!root) return wrong("the body is no JSON");
  const JsonView context = root->find("ctx").value_or(JsonView());
  const JsonView steps = root->find("steps").value_or(JsonView());
  const JsonView stack = context.find("stack").value_or(JsonView());
  const std::optional<RunId> run = RunId::parse(text_in(context, "run_id"));
  const auto attempt = context.find("attempt");
  const auto plans_only = context.find("disable_immediate_execution");
  const auto event = root->find("event");
  const bool is_whole = run && attempt && plans_only && steps.is_object() && stack.is_object() &&
                        event && event->is_object();
  if (!is_whole) return wrong("a part of the call is missing");
  auto memo = read_memos(stack.find("stack").value_or(JsonView()), steps);
  if (!memo) return memo.error();
  const std::string target = text_in(context, "step_id");
  return WireCall{.function = text_in(context, "fn_id"),
                  .name = text_in(context, "qi_id"),
                  .run = *run,
                  .attempt = static_cast<int>(attempt->as_int64().value_or(-1)),
                  .plans_only = plans_only->as_bool().value_or(false),
                  .target = target == "step" ? std::nullopt : StepKey::parse(target),
                  .memo = std::move(*memo)};
}

WireAnswer ops_answer(const std::vector<StepOp>& ops, bool is_race) {
  WireAnswer answer{.status = kOps, .fields = {}, .body = ""};
  JsonWriter json;
  json.begin_array();
  for (const StepOp& op : ops) {
    append_op(json, op, is_race);
    if (const auto* threw = std::get_if<StepThrew>(&op.body)) {
      add_hints(answer, threw->retriable, threw->retry_after);
    }
  }
  answer.body = json.end_array().take();
  return answer;
}

WireAnswer output_answer(const std::string& output, bool is_told) {
  if (!is_told) return {.status = 200, .fields = {}, .body = output};
  return {.status = kOps,
          .fields = {},
          .body = fmt::format(R"([{{"op":"RunComplete","id":"{}","data":{}}}])",
                              StepKey::of("complete").to_string(), output)};
}

WireAnswer thrown_answer(const core::Threw& threw) {
  WireAnswer answer{
      .status = threw.retriable ? 500 : 400, .fields = {}, .body = error_json(threw.error)};
  add_hints(answer, threw.retriable, threw.retry_after);
  return answer;
}

WireAnswer not_found_answer(const StepKey& target) {
  WireAnswer answer{
      .status = 500,
      .fields = {},
      .body = fmt::format(R"({{"name":"StepNotFound","error":"no step","requestedStep":"{}"}})",
                          target.to_string())};
  add_hints(answer, true, std::nullopt);
  return answer;
}

WireAnswer streamed(const WireAnswer& answer) {
  JsonWriter json;
  json.begin_object().key("status").integer(answer.status).key("headers").begin_object();
  for (const auto& [name, value] : answer.fields) json.key(name).string(value);
  json.end_object().key("body").string(answer.body);
  return {.status = kStreamed, .fields = {}, .body = "   " + json.end_object().take()};
}

std::string checkpoint_body(const WireCall& call, const StepOp& op) {
  JsonWriter json;
  json.begin_object().key("run_id").string(call.run.to_string());
  json.key("fn_id").string(call.function).key("qi_id").string(call.name);
  json.key("steps").begin_array();
  append_op(json, op, false);
  return json.end_array().end_object().take();
}

}  // namespace stepwell::sim
