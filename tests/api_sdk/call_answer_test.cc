#include "api/sdk/call_answer.h"

#include <doctest/doctest.h>

namespace stepwell::sdk {
namespace {

using Fields = HttpFields;

const CallPlace kPlace{"shop", "shop-charge", "01JD7RUNRUNRUNRUNRUNRUNRUN", "http://h/api"};
const Fields kSdk = {{"x-inngest-sdk", "inngest-js:v4.24.0"}, {"x-inngest-req-version", "2"}};
const std::string kOp =
    R"({"op":"StepRun","id":")" + StepKey::of("a").to_string() + R"(","data":1})";

HttpResponse response(int status, const Fields& fields, std::string body) {
  HttpResponse made;
  made.status = status;
  made.body = std::move(body);
  for (const auto& [name, value] : fields) {
    made.headers.append_name(name);
    made.headers.append_value(value);
    made.headers.end_field();
  }
  return made;
}
CallAnswer read(int status, Fields fields, std::string body, int dialect = 0) {
  return read_answer(response(status, fields, std::move(body)), kPlace, dialect, Time{});
}
core::Threw threw(const CallAnswer& answer) {
  REQUIRE(std::holds_alternative<core::Threw>(answer.outcome));
  return std::get<core::Threw>(answer.outcome);
}
Fields with(Fields fields, std::string name, std::string value) {
  fields.emplace_back(std::move(name), std::move(value));
  return fields;
}

TEST_CASE("206 brings ops, and the version says how groups come forward") {
  const CallAnswer two = read(206, kSdk, "[" + kOp + "]");
  REQUIRE(std::holds_alternative<core::Yielded>(two.outcome));
  CHECK(std::get<core::Yielded>(two.outcome).ops.size() == 1);
  CHECK(two.dialect == 2);
  CHECK(two.parallel == ParallelMode::kCoalesce);
  const Fields one = {{"x-inngest-sdk", "x"}, {"x-inngest-req-version", "1"}};
  CHECK(read(206, one, "[" + kOp + "]").parallel == ParallelMode::kRace);
  // Without a version, what the run's earlier answers said counts.
  const Fields none = {{"x-inngest-sdk", "x"}};
  CHECK(read(206, none, "[" + kOp + "]", 2).parallel == ParallelMode::kCoalesce);
  CHECK(read(206, none, "[" + kOp + "]", 2).dialect == 0);
  CHECK(read(206, none, "[" + kOp + "]", 0).parallel == ParallelMode::kRace);
}

TEST_CASE("200 is the function's result, whatever its body is") {
  const auto output = [](std::string body) {
    return std::get<core::Returned>(read(200, kSdk, std::move(body)).outcome).output;
  };
  CHECK(output(R"({"done":true})") == R"({"done":true})");
  CHECK(output("") == "null");
  CHECK(output("plain text") == "\"plain text\"");
  CHECK(output(" 7 ") == "7");
}

TEST_CASE("output that is refused is no text") {
  const auto nested = [](size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  CHECK(std::get<core::Returned>(read(200, kSdk, nested(128)).outcome).output == nested(128));
  for (const std::string& body : {nested(129), std::string(R"({"n":1e400})")}) {
    const core::Threw refused = threw(read(200, kSdk, body));
    CHECK(refused.error.name == "invalid_response");
    CHECK(refused.error.message.find("the function's output is refused") == 0);
    CHECK(refused.retriable);
  }
  CHECK(threw(read(200, kSdk, nested(129))).error.message.find("nested too deeply") !=
        std::string::npos);
  const auto completed = R"([{"op":"RunComplete","id":"x","data":)" + nested(129) + "}]";
  CHECK(threw(read(206, kSdk, completed)).error.name == "invalid_response");
  CHECK(threw(read(206, kSdk, R"([{"op":"StepRun","data":1e400}])"))
            .error.message.find("too large for a double") != std::string::npos);
  const core::Threw error =
      threw(read(500, kSdk, R"({"name":"N","message":"m","cause":)" + nested(200) + "}"));
  CHECK(error.error == ErrorInfo{.name = "N", .message = "m"});
}

TEST_CASE("what an SDK answers is not shown, as it may hold the keys of models") {
  const std::string infer =
      R"({"op":"AIGateway","id":")" + StepKey::of("a").to_string() +
      R"(","opts":{"url":"https://p/","auth_key":"sk-secret","headers":{"x":"sk-secret"}}})";
  const std::string bodies[] = {"[" + infer + R"(,{"op":"DeferAdd","id":"x"}])",
                                "[" + infer + R"(,{"op":"Sleep","id":"x"}])", "[" + infer + ",",
                                "[" + infer + R"(,{"op":"StepRun","data":1e400}])"};
  for (const std::string& body : bodies) {
    const std::string envelope =
        R"({"status":206,"headers":{"x-inngest-sdk":"js"},"body":)" + json_quote(body) + "}";
    for (const CallAnswer& answer : {read(206, kSdk, body), read(201, kSdk, envelope),
                                     read(201, kSdk, envelope + "x"), read(204, kSdk, body)}) {
      const core::Threw failed = threw(answer);
      CHECK(failed.error.name == "invalid_response");
      CHECK(error_json(failed.error).find("sk-secret") == std::string::npos);
      CHECK(failed.error.stack.empty());
    }
  }
  CHECK(threw(read(206, kSdk, bodies[0])).error.message.find("op 1 (DeferAdd \"x\") is wrong") !=
        std::string::npos);
}

TEST_CASE("a run may end in an answer with ops") {
  const CallAnswer answer =
      read(206, kSdk, "[" + kOp + R"(,{"op":"RunComplete","id":"x","data":"end"}])");
  const auto& returned = std::get<core::Returned>(answer.outcome);
  CHECK(returned.output == "\"end\"");
  CHECK(returned.ops.size() == 1);
}

TEST_CASE("what the function threw") {
  const core::Threw error = threw(read(
      500, kSdk, R"({"name":"TypeError","message":"boom","stack":"at f","__serialized":true})"));
  CHECK(error.error == ErrorInfo{.name = "TypeError", .message = "boom", .stack = "at f"});
  CHECK(error.retriable);
  CHECK(!threw(read(400, with(kSdk, "x-inngest-no-retry", "true"), "{}")).retriable);
  CHECK(threw(read(400, with(kSdk, "x-inngest-no-retry", "false"), "{}")).retriable);
  CHECK(threw(read(400, kSdk, "{}")).retriable);
  CHECK(threw(read(500, with(kSdk, "retry-after", "30"), "{}")).retry_after ==
        std::chrono::seconds(30));
  CHECK(!threw(read(500, with(kSdk, "retry-after", "abc"), "{}")).retry_after);
  CHECK(threw(read(500, kSdk, "")).error.message == "Function execution error");
  CHECK(threw(read(410, kSdk, R"({"message":"function not found"})")).error.message ==
        "function not found");
}

TEST_CASE("a streamed answer is what its envelope holds") {
  const std::string envelope =
      "   \n\n "
      R"({"status":206,"headers":{"x-inngest-req-version":"1"},)";
  const CallAnswer text =
      read(201, kSdk, envelope + R"("body":)" + json_quote("[" + kOp + "]") + "}");
  REQUIRE(std::holds_alternative<core::Yielded>(text.outcome));
  CHECK(text.dialect == 1);
  CHECK(std::holds_alternative<core::Yielded>(
      read(201, kSdk, envelope + R"("body":[)" + kOp + "]}").outcome));
  const CallAnswer failed = read(
      201, kSdk,
      R"({"status":500,"headers":{"x-inngest-no-retry":"true","retry-after":"5"},"body":"{\"message\":\"m\"}"})");
  CHECK(threw(failed).error.message == "m");
  CHECK(!threw(failed).retriable);
  CHECK(threw(read(201, kSdk, "      ")).error.name == "invalid_response");
  CHECK(threw(read(201, kSdk, "{}")).error.name == "invalid_response");
  CHECK(threw(read(201, kSdk, R"({"status":206,"body":"[)")).error.name == "invalid_response");
}

TEST_CASE("answers that no SDK gave") {
  CHECK(threw(read(200, {}, "<html>")).error.name == "not_sdk");
  CHECK(threw(read(206, {}, "[]")).error.stack == "[]");
  const core::Threw hidden = threw(read(200, {{"x-inngest-sdk-handled", "true"}}, "{}"));
  CHECK(hidden.error.message.find("INNGEST_DEV") != std::string::npos);
  const core::Threw proxy = threw(read(502, {}, std::string(10'000, 'x')));
  CHECK(proxy.error.name == "Server returned a fatal error");
  CHECK(proxy.error.message.find("Your server returned HTTP 502 before the SDK responded.") == 0);
  CHECK(proxy.error.stack.size() == 8 * 1024);
  CHECK(proxy.retriable);
}

TEST_CASE("each failure names app, function, run, URL and cause") {
  using Kind = HttpFailure::Kind;
  for (const Kind kind : {Kind::kInvalid, Kind::kDenied, Kind::kUnreachable, Kind::kReset,
                          Kind::kMalformed, Kind::kTooLarge, Kind::kTimeout, Kind::kRedirects}) {
    const core::Threw error = threw(read_answer(HttpFailure{kind, "the cause"}, kPlace, 0, Time{}));
    for (const char* part : {"the cause", "\"shop\"", "shop-charge", "01JD7RUN", "http://h/api"}) {
      CHECK(error.error.message.find(part) != std::string::npos);
    }
    CHECK(error.retriable);
  }
  const core::Threw garbage = threw(read(206, kSdk, "[null]"));
  CHECK(garbage.error.name == "invalid_response");
  CHECK(garbage.error.message.find("error reading generator opcode response") == 0);
  CHECK(garbage.error.message.find("shop-charge") != std::string::npos);
  CHECK(threw(read(204, kSdk, "")).error.message.find("204") != std::string::npos);
}

}  // namespace
}  // namespace stepwell::sdk
