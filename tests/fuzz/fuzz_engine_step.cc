// Steps whose body is a request of the engine's own: the options that code gives, and what a
// provider answers. "<choice><options or Retry-After>\n<body>".
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "api/sdk/engine_step.h"
#include "api/sdk/syncer.h"
#include "api/sdk/url.h"
#include "schema/check.h"
#include "schema/json.h"
#include "schema/utf8.h"

using namespace stepwell;
using namespace stepwell::sdk;

namespace {

constexpr StepKind kKinds[] = {StepKind::kFetch, StepKind::kInfer};
constexpr int kStatuses[] = {200, 299, 204, 429, 500, 302, 100};

void check_request(StepKind kind, std::string_view options) {
  const Result<HttpRequest> request = engine_request(kind, options);
  if (!request) {
    CHECK_INVARIANT(!request.error().message.empty(), "a refusal says why");
    return;
  }
  CHECK_INVARIANT(Url::parse(request->url).ok(), "a request to nowhere");
  CHECK_INVARIANT(!request->method.empty());
}

void check_result(StepKind kind, int status, std::string_view field, std::string_view body) {
  HttpResponse response{.status = status, .headers = {}, .body = std::string(body), .url = {}};
  response.headers.append_name("retry-after");
  response.headers.append_value(field);
  response.headers.end_field();
  const std::string refusal = refusal_of(response);
  CHECK_INVARIANT(!refusal.empty() && refusal.size() < 600);
  CHECK_INVARIANT(valid_utf8_length(refusal) == refusal.size(), "half a character is shown");
  const Time now = from_millis(1'790'000'000'000);
  const auto result = engine_result(kind, std::move(response), now);
  if (const auto* returned = std::get_if<StepReturned>(&result)) {
    CHECK_INVARIANT(parse_json(returned->data).ok(), "what goes on is JSON");
    return;
  }
  const auto& threw = std::get<StepThrew>(result);
  CHECK_INVARIANT(kind == StepKind::kInfer, "each response is a result of step.fetch");
  CHECK_INVARIANT(parse_json(error_json(threw.error)).ok(), "what goes on is JSON");
  CHECK_INVARIANT(!threw.retry_after || *threw.retry_after >= Duration::zero());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const StepKind kind = kKinds[data[0] % std::size(kKinds)];
  const int status = kStatuses[data[0] / std::size(kKinds) % std::size(kStatuses)];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_request(kind, text);
  const size_t split = std::min(text.find('\n'), text.size());
  check_result(kind, status, text.substr(0, split),
               split < text.size() ? text.substr(split + 1) : text);
  return 0;
}
