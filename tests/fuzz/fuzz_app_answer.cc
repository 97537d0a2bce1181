// What an app's endpoint answers: the bytes of a response in pieces, the coding of its body, the
// URL it redirects to, and signatures.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/sdk/content_coding.h"
#include "api/sdk/response_parser.h"
#include "api/sdk/signature.h"
#include "api/sdk/url.h"
#include "schema/check.h"

using namespace stepwell;
using namespace stepwell::sdk;

namespace {

constexpr size_t kBodyMax = 64 * 1024;

void check_response(std::string_view bytes, size_t piece) {
  using Event = ResponseParser::Event;
  ResponseParser parser(kBodyMax, false);
  Event event = Event::kNeedMore;
  for (size_t at = 0; at < bytes.size() && event == Event::kNeedMore; at += piece) {
    event = parser.feed(bytes.substr(at, piece));
  }
  if (event == Event::kNeedMore) event = parser.finish();
  CHECK_INVARIANT(event != Event::kNeedMore, "an ended connection is waited for");
  CHECK_INVARIANT((event == Event::kMalformed) == !parser.problem().empty());
  if (event != Event::kMessage) return;
  CHECK_INVARIANT(parser.status() >= 200 && parser.status() <= 999);
  CHECK_INVARIANT(parser.body().size() <= kBodyMax);
  const auto codings = parser.headers().find("content-encoding");
  const auto decoded = decode_content(codings.value_or("gzip"), std::move(parser.body()), kBodyMax);
  CHECK_INVARIANT(!decoded || decoded->size() <= kBodyMax);
}

void check_url(std::string_view text) {
  const auto base = Url::parse("http://127.0.0.1:3000/api/inngest?fnId=a");
  for (const auto& url : {Url::parse(text), base->resolve(text)}) {
    if (!url) continue;
    CHECK_INVARIANT(!url->host.empty() && url->port != 0 && url->target.starts_with('/'));
    for (char c : url->target) CHECK_INVARIANT(c > ' ' && c != 127);
    const auto again = Url::parse(url->to_string());
    CHECK_INVARIANT(again.ok() && again->to_string() == url->to_string());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_response(text, text.size() + 1);
  check_response(text, 1 + data[0] % 16);
  check_url(text);
  const Time now = from_millis(1'790'000'000'000);
  CHECK_INVARIANT(!verify_signature({}, text, text, now).ok(), "no key has signed this");
  return 0;
}
