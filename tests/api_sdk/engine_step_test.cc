#include "api/sdk/engine_step.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "schema/json.h"

namespace stepwell::sdk {
namespace {

std::string field(const HttpRequest& request, std::string_view name) {
  const auto found = std::find_if(request.headers.begin(), request.headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  return found == request.headers.end() ? "" : found->second;
}
HttpRequest infer(std::string_view options) {
  return engine_request(StepKind::kInfer, options).value();
}
HttpResponse response(int status, std::string body) {
  HttpResponse made;
  made.status = status;
  made.body = std::move(body);
  made.url = Url::parse("http://x/y").value();
  made.headers.append_name("Content-Type");
  made.headers.append_value("text/plain");
  made.headers.end_field();
  return made;
}

TEST_CASE("the request of a fetch is as the options say") {
  const HttpRequest request =
      engine_request(StepKind::kFetch,
                     R"({"url":"http://x/y","method":"PUT","headers":{"a":"b"},"body":"text"})")
          .value();
  CHECK(request.method == "PUT");
  CHECK(request.url == "http://x/y");
  CHECK(request.headers == HttpFields{{"a", "b"}});
  CHECK(request.body == "text");
  CHECK(engine_request(StepKind::kFetch, R"({"url":"http://x/"})").value().method == "POST");
  CHECK(!engine_request(StepKind::kFetch, "{}"));
  CHECK(!engine_request(StepKind::kFetch, R"({"url":"file:///etc/passwd"})"));
}

TEST_CASE("models get their key where their provider looks for it") {
  const std::string rest = R"("url":"https://p/v1","auth_key":"sk-1","body":{"model":"m"})";
  const HttpRequest openai = infer(R"({"format":"openai-chat",)" + rest + "}");
  CHECK(field(openai, "Authorization") == "Bearer sk-1");
  CHECK(openai.body == R"({"model":"m"})");
  CHECK(openai.method == "POST");
  const HttpRequest anthropic = infer(R"({"format":"anthropic",)" + rest + "}");
  CHECK(field(anthropic, "x-api-key") == "sk-1");
  CHECK(!field(anthropic, "anthropic-version").empty());
  CHECK(field(anthropic, "Authorization").empty());
  CHECK(infer(R"({"format":"gemini",)" + rest + "}").url == "https://p/v1?key=sk-1");
  CHECK(infer(R"({"format":"gemini","url":"https://p/v1?x=1","auth_key":"a&b=c d/+é%41"})").url ==
        "https://p/v1?x=1&key=a%26b%3Dc%20d%2F%2B%C3%A9%2541");
  CHECK(field(infer(R"({"format":"bedrock",)" + rest + "}"), "Authorization") == "sk-1");
  const HttpRequest own = infer(
      R"({"format":"openai-chat","url":"https://p/","auth_key":"sk","headers":{"authorization":"x"}})");
  CHECK(field(own, "Authorization").empty());
}

TEST_CASE("a request that can't be made is refused without its key") {
  const auto refused = engine_request(
      StepKind::kInfer, R"({"url":"gopher://p/v1","format":"gemini","auth_key":"sk-secret"})");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("sk-secret") == std::string::npos);
}

TEST_CASE("options of a wrong type are refused, not ignored") {
  for (const char* options :
       {R"({"url":7})", R"({"url":"http://x/","method":["PUT"]})",
        R"({"url":"http://x/","format":1})", R"({"url":"http://x/","auth_key":{"sk-secret":1}})"}) {
    CAPTURE(options);
    const auto refused = engine_request(StepKind::kInfer, options);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message.find("must be a string") != std::string::npos);
    CHECK(refused.error().message.find("sk-secret") == std::string::npos);
  }
}

TEST_CASE("any response is the result of a fetch") {
  const auto result = engine_result(StepKind::kFetch, response(404, "a \"b\""), Time{});
  CHECK(std::get<StepReturned>(result).data ==
        R"({"url":"http://x/y","headers":{"content-type":"text/plain"},"body":"a \"b\"",)"
        R"("status_code":404})");
}

TEST_CASE("headers of one name are one, and those of a coding that was undone are left out") {
  HttpResponse made = response(200, "b");
  for (const auto& [name, value] : HttpFields{{"Set-Cookie", "a=1"},
                                              {"Content-Encoding", "gzip"},
                                              {"Content-Length", "21"},
                                              {"set-cookie", "b=2"}}) {
    made.headers.append_name(name);
    made.headers.append_value(value);
    made.headers.end_field();
  }
  const auto headers = [&] {
    const std::string data =
        std::get<StepReturned>(engine_result(StepKind::kFetch, made, Time{})).data;
    return std::string(JsonView::trusted(data).find("headers")->text());
  };
  CHECK(headers() == R"({"content-type":"text/plain","set-cookie":"a=1, b=2",)"
                     R"("content-encoding":"gzip","content-length":"21"})");
  made.is_decoded = true;
  CHECK(headers() == R"({"content-type":"text/plain","set-cookie":"a=1, b=2"})");
}

TEST_CASE("a model's answer is a result only if it is one of success, in JSON") {
  CHECK(std::get<StepReturned>(engine_result(StepKind::kInfer, response(200, R"({"x":1})"), Time{}))
            .data == R"({"x":1})");
  const auto failed = engine_result(StepKind::kInfer, response(429, "slow"), Time{});
  const auto& threw = std::get<StepThrew>(failed);
  CHECK(threw.error.name == "AIGatewayError");
  CHECK(threw.error.extra == R"({"data":"slow"})");
  CHECK(threw.retriable);
  CHECK(std::holds_alternative<StepThrew>(
      engine_result(StepKind::kInfer, response(200, "<html>"), Time{})));
}

TEST_CASE("failures of the network are tried again, refusals are not") {
  using Kind = HttpFailure::Kind;
  const auto threw = [](Kind kind) {
    return std::get<StepThrew>(engine_result(StepKind::kFetch, HttpFailure{kind, "why"}, Time{}));
  };
  CHECK(threw(Kind::kUnreachable).error.name == "GatewayError");
  CHECK(threw(Kind::kUnreachable).error.message == "why");
  CHECK(threw(Kind::kUnreachable).retriable);
  CHECK(!threw(Kind::kDenied).retriable);
  CHECK(!threw(Kind::kInvalid).retriable);
}

}  // namespace
}  // namespace stepwell::sdk
