#include "api/sdk/op_codec.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

namespace stepwell::sdk {
namespace {

const std::string kKey = StepKey::of("a").to_string();

ParsedOps parse(std::string op, OpHints hints = {}) {
  return parse_ops("[" + op + "]", hints).value();
}
std::string op(std::string_view name, std::string_view more) {
  return fmt::format(R"({{"op":"{}","id":"{}"{}{}}})", name, kKey, more.empty() ? "" : ",", more);
}
template <typename Body>
Body only(const ParsedOps& parsed) {
  REQUIRE(parsed.ops.size() == 1);
  CHECK(parsed.ops[0].key == StepKey::of("a"));
  REQUIRE(std::holds_alternative<Body>(parsed.ops[0].body));
  return std::get<Body>(parsed.ops[0].body);
}
std::string why(std::string_view body) {
  const Result<ParsedOps> parsed = parse_ops(body, {});
  return parsed ? "" : parsed.error().message;
}

TEST_CASE("a result keeps its data as it was written; without data it is null") {
  CHECK(only<StepReturned>(parse(op("StepRun", R"("data":{"n": 1.50})"))).data == R"({"n": 1.50})");
  CHECK(only<StepReturned>(parse(op("Step", R"("data":[1])"))).data == "[1]");
  CHECK(only<StepReturned>(parse(op("steprun", ""))).data == "null");
  CHECK(only<StepReturned>(parse_ops(op("StepRun", R"("data":7)"), {}).value()).data == "7");
}

TEST_CASE("when the body ran, if that can be made out") {
  const auto ran = [](const std::string& timing) {
    return only<StepReturned>(parse(op("StepRun", R"("timing":)" + timing))).ran;
  };
  const auto time = ran(R"({"a":1732380000000000000,"b":12000000})");
  REQUIRE(time);
  CHECK(time->began_at == Time(Duration(1'732'380'000'000)));
  CHECK(time->took == Duration(12));
  for (const char* none : {"null", "{}", "7", R"({"a":1})", R"({"a":"x","b":1})",
                           R"({"a":-1,"b":1})", R"({"a":1,"b":1e300})"}) {
    CAPTURE(none);
    CHECK_FALSE(ran(none));
  }
  CHECK(only<StepThrew>(parse(op("StepError", R"("timing":{"a":0,"b":2000000})"))).ran->took ==
        Duration(2));
}

TEST_CASE("what people are shown of a step") {
  CHECK(parse(op("StepRun", R"("displayName":"A","name":"b","userland":{"id":"c"})")).ops[0].id ==
        "A");
  CHECK(parse(op("StepRun", R"("name":"b","userland":{"id":"c"})")).ops[0].id == "c");
  CHECK(parse(op("StepRun", R"("name":"b")")).ops[0].id == "b");
  CHECK(parse(op("StepRun", "")).ops[0].id == kKey);
}

TEST_CASE("errors of steps, and what the answer says of the next attempt") {
  const std::string body = R"("error":{"name":"N","message":"m","stack":"s","data":{"x":1}})";
  const StepThrew threw = only<StepThrew>(parse(op("StepError", body)));
  CHECK(threw.error.name == "N");
  CHECK(threw.error.message == "m");
  CHECK(threw.error.extra == R"({"data":{"x":1}})");
  CHECK(threw.retriable);
  CHECK(!threw.retry_after);
  CHECK(!only<StepThrew>(parse(op("StepFailed", body))).retriable);
  CHECK(!only<StepThrew>(parse(op("StepError", body), {.no_retry = true})).retriable);
  CHECK(!only<StepThrew>(parse(op("StepError", R"("error":{"noRetry":true})"))).retriable);
  CHECK(
      only<StepThrew>(parse(op("StepError", body), {.retry_after = Duration(7000)})).retry_after ==
      Duration(7000));
  CHECK(!only<StepThrew>(parse(op("StepError", ""))).error.message.empty());
}

TEST_CASE("an error that is no object is the message") {
  CHECK(only<StepThrew>(parse(op("StepFailed", R"("error":"no \"money\"")"))).error.message ==
        "no \"money\"");
  CHECK(only<StepThrew>(parse(op("StepError", R"("error":[7])"))).error.message == "[7]");
  CHECK(only<StepThrew>(parse(op("StepError", R"("error":null)"))).error.message ==
        "the step failed without a message");
}

TEST_CASE("sleeps: durations and dates, in the name or in the options") {
  const auto until = [](std::string_view more) {
    return only<Sleep>(parse(op("Sleep", more))).until;
  };
  CHECK(until(R"("name":"1h30m")").after == std::chrono::minutes(90));
  CHECK(until(R"("name":"nap","opts":{"duration":"2h"})").after == std::chrono::hours(2));
  CHECK(until(R"("name":"2026-11-24T10:00:00.250Z")").at ==
        parse_rfc3339("2026-11-24T10:00:00.250Z").value());
  CHECK(until(R"("name":"")").after == Duration::zero());
  CHECK(until(R"("name":"36000000000ms")").after == Duration(36'000'000'000));
  CHECK(why(op("Sleep", R"("name":"soon")")).find("soon") != std::string::npos);
}

TEST_CASE("waits for events and signals") {
  const WaitForEvent plain = only<WaitForEvent>(parse(
      op("WaitForEvent", R"("name":"a/b","opts":{"timeout":"3d","if":"async.data.x == 1"})")));
  CHECK(plain.event == "a/b");
  CHECK(plain.expression == "async.data.x == 1");
  CHECK(plain.timeout.after == std::chrono::hours(72));
  const WaitForEvent of_go = only<WaitForEvent>(
      parse(op("WaitForEvent", R"("name":"step","opts":{"event":"c/d","timeout":""})")));
  CHECK(of_go.event == "c/d");
  CHECK(of_go.timeout.after == Duration::zero());

  const WaitForSignal signal = only<WaitForSignal>(parse(op(
      "WaitForSignal", R"("name":"s","opts":{"signal":"t","timeout":"1h","conflict":"replace"})")));
  CHECK(signal.signal == "t");
  CHECK(signal.on_conflict == SignalConflict::kReplace);
  CHECK(signal.timeout->after == std::chrono::hours(1));
  const WaitForSignal bare = only<WaitForSignal>(parse(op("WaitForSignal", R"("name":"s")")));
  CHECK(bare.signal == "s");
  CHECK(bare.on_conflict == SignalConflict::kFail);
  CHECK(!bare.timeout);
}

TEST_CASE("invocations") {
  const InvokeFunction full = only<InvokeFunction>(parse(op(
      "InvokeFunction",
      R"("opts":{"function_id":"app-f","payload":{"data":{"x":1},"v":"2","user":{"u":1}},"timeout":"1m"})")));
  CHECK(full.function == "app-f");
  CHECK(full.data == R"({"x":1})");
  CHECK(full.user == R"({"u":1})");
  CHECK(full.version == "2");
  CHECK(full.timeout->after == std::chrono::minutes(1));
  const InvokeFunction bare = only<InvokeFunction>(
      parse(op("InvokeFunction", R"("opts":{"function_id":"f","payload":null,"timeout":null})")));
  CHECK(bare.data == "{}");
  CHECK(!bare.timeout);
  CHECK(!why(op("InvokeFunction", R"("opts":{"function_id":"f","payload":{"data":[1]}})")).empty());
  CHECK(!why(op("InvokeFunction", "")).empty());
}

TEST_CASE("requests of the engine carry the options as they are") {
  const CallOut fetch = only<CallOut>(parse(op("Gateway", R"("opts":{"url":"http://x/"})")));
  CHECK(fetch.kind == StepKind::kFetch);
  CHECK(fetch.request == R"({"url":"http://x/"})");
  CHECK(only<CallOut>(parse(op("AIGateway", R"("opts":{})"))).kind == StepKind::kInfer);
}

TEST_CASE("plans, races, and ops that are no steps") {
  CHECK(!parse(op("StepPlanned", R"("opts":{"input":[1]})")).has_race);
  CHECK(parse(op("StepPlanned", R"("opts":{"parallelMode":"Race"})")).has_race);
  CHECK(parse(R"({"op":"DiscoveryRequest","id":"any"})").wants_call);
  CHECK(parse(R"({"op":"None"})").wants_call);
  CHECK(parse_ops("[]", {}).value().wants_call);
  CHECK(!parse(op("StepRun", "")).wants_call);
  const ParsedOps ended =
      parse(op("StepRun", R"("data":1)") + R"(,{"op":"RunComplete","id":"x","data":{"y":2}})");
  CHECK(ended.ops.size() == 1);
  CHECK(ended.output == R"({"y":2})");
}

TEST_CASE("what can't be understood says where it is wrong") {
  CHECK(!why("").empty());
  CHECK(!why("[").empty());
  CHECK(!why("7").empty());
  CHECK(why("[null]").find("op 0") != std::string::npos);
  CHECK(why("[" + op("StepRun", "") + "," + op("Nonsense", "") + "]").find("op 1") !=
        std::string::npos);
  CHECK(why(R"([{"op":"StepRun","id":"short"}])").find("SHA-1") != std::string::npos);
  CHECK(why(R"([{"op":"StepRun"}])").find("SHA-1") != std::string::npos);
  CHECK(why(op("StepRun", R"("opts":{"input":{}})")).find("input") != std::string::npos);
  CHECK(why(op("Sleep",
               R"("name":"1s","displayName":")" + std::string(63, 'n') + R"(é","opts":7)")) ==
        "the op (Sleep \"" + std::string(63, 'n') + "\") is wrong: opts is no object");
  CHECK(why(op("DeferAdd", "")).find("DeferAdd") != std::string::npos);
  CHECK(why(op("WaitForEvent", R"("opts":{}")")) != "");
  const std::string large(kStepBytesMax, 'x');
  CHECK(why(op("StepPlanned", R"("opts":{"input":[")" + large + R"("]})")).find("limit") !=
        std::string::npos);
}

TEST_CASE("an option of a wrong type is a fault, as the step would do something else without it") {
  const auto faults_of = [](std::string_view name, std::string_view more) {
    return why("[" + op(name, more) + "]");
  };
  const std::string of_if = R"(op 0 (WaitForEvent "a") is wrong: "if" must be a string)";
  CHECK(faults_of("WaitForEvent", R"("name":"a","opts":{"if":["async.data.x"]})") == of_if);
  CHECK(faults_of("WaitForEvent", R"("name":"a","opts":{"if":false})") == of_if);
  const struct {
    std::string_view op, more, word;
  } wrong[] = {
      {"WaitForEvent", R"("name":"a","opts":{"timeout":3600})", "timeout"},
      {"WaitForEvent", R"("name":"a","opts":{"event":7})", "event"},
      {"WaitForEvent", R"("name":{})", "name"},
      {"WaitForEvent", R"("name":"a","opts":"1h")", "opts"},
      {"WaitForEvent", R"("name":"a","opts":[])", "opts"},
      {"Sleep", R"("name":5000)", "name"},
      {"Sleep", R"("name":"1s","opts":{"duration":5000})", "duration"},
      {"WaitForSignal", R"("opts":{"signal":5})", "signal"},
      {"WaitForSignal", R"("name":"s","opts":{"timeout":60})", "timeout"},
      {"WaitForSignal", R"("name":"s","opts":{"conflict":true})", "conflict"},
      {"InvokeFunction", R"("opts":{"function_id":"f","timeout":5000})", "timeout"},
      {"InvokeFunction", R"("opts":{"function_id":["f"]})", "function_id"},
      {"InvokeFunction", R"("opts":{"function_id":"f","payload":"x"})", "payload"},
      {"InvokeFunction", R"("opts":{"function_id":"f","payload":{"v":2}})", "\"v\""},
  };
  for (const auto& [name, more, word] : wrong) {
    CAPTURE(name);
    CAPTURE(more);
    CHECK(faults_of(name, more).find(word) != std::string::npos);
  }
}

TEST_CASE("options that are null are as if they were left out") {
  const WaitForEvent wait = only<WaitForEvent>(
      parse(op("WaitForEvent", R"("name":"a","opts":{"event":null,"if":null,"timeout":null})")));
  CHECK(wait.event == "a");
  CHECK(wait.expression.empty());
  CHECK(!only<WaitForSignal>(parse(op("WaitForSignal", R"("name":"s","opts":null)"))).timeout);
  const auto invoke = only<InvokeFunction>(parse(
      op("InvokeFunction", R"("opts":{"function_id":"f","payload":{"data":null,"v":null}})")));
  CHECK(invoke.data == "{}");
  CHECK(invoke.version.empty());
}

TEST_CASE("checkpoints take results alone") {
  const auto read = [](const std::string& steps) {
    return parse_checkpoint_ops(parse_json(steps).value());
  };
  const auto ops =
      read("[" + op("StepPlanned", "") + "," + op("StepRun", R"("data":1,"mode":2)") + "]");
  REQUIRE(ops);
  CHECK(ops->size() == 1);
  CHECK(!read("[" + op("StepError", "") + "]"));
  CHECK(!read("[" + op("Sleep", R"("name":"1s")") + "]"));
  CHECK(!read("{}"));
  CHECK(!read("[null]"));
  const std::string large = '"' + std::string(kStepBytesMax, '1') + '"';
  CHECK(read("[" + op("StepRun", R"("data":)" + large) + "]").error().code == ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace stepwell::sdk
