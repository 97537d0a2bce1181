// Fields of heads that are more than words: those of requests that say who asks and where a stream
// is to start, and those of answers that say when to try again and how long a connection stays.
#include <cstdint>
#include <string>
#include <string_view>

#include "api/realtime/realtime_routes.h"
#include "api/sdk/response_parser.h"
#include "api/sdk/retry_after.h"
#include "api/server/origin.h"
#include "schema/check.h"

using namespace stepwell;

namespace {

void check_origin(std::string_view origin, std::string_view host) {
  const server::OriginRules pages{.allow_loopback_origins = true, .origins = {"https://a.example"}};
  const server::OriginRules own{.allow_loopback_origins = false};
  const auto authority = server::parse_authority(host);
  if (authority) {
    CHECK_INVARIANT(!authority->name.empty());
    CHECK_INVARIANT(!authority->port || (*authority->port >= 0 && *authority->port <= 65535));
  }
  const int status = own.check_host(host, "192.0.2.1");
  CHECK_INVARIANT((status == 400) == !authority, "what is malformed is refused as such");
  // Whoever may call a server that trusts no other pages is a page of its own.
  const size_t scheme = origin.find("://");
  if (own.allows_origin(origin, host)) {
    CHECK_INVARIANT(authority && scheme != std::string_view::npos);
    CHECK_INVARIANT(server::parse_authority(origin.substr(scheme + 3)) == authority);
  } else if (pages.allows_origin(origin, host) && origin != "https://a.example") {
    const auto page = server::parse_authority(origin.substr(scheme + 3));
    CHECK_INVARIANT(page && server::is_loopback_name(*page));
  }
}

void check_start(std::string_view field) {
  server::Request request;
  request.headers.append_name("last-event-id");
  request.headers.append_value(field);
  request.headers.end_field();
  realtime::Grant grant{.resumes = true};
  CHECK_INVARIANT(realtime::read_start(request, grant).ok(), "nobody is turned away for it");
  const bool says_nothing = std::holds_alternative<realtime::FromNow>(grant.start);
  CHECK_INVARIANT(grant.resumes == says_nothing, "who says where to start starts there");
  if (const auto* after = std::get_if<realtime::After>(&grant.start)) {
    const auto again = realtime::MessageId::parse(after->id.to_string());
    CHECK_INVARIANT(again == after->id, "an id does not come back");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // "<field>\n<host>": only an origin needs the second.
  const size_t split = std::min(text.find('\n'), text.size());
  const std::string_view field = text.substr(0, split);
  check_origin(field, split < text.size() ? text.substr(split + 1) : "localhost:8288");
  check_start(field);
  const Time now = from_millis(1'790'000'000'000);
  if (const auto delay = sdk::parse_retry_after(field, now)) {
    CHECK_INVARIANT(*delay >= Duration::zero(), "a delay that is over before it begins");
  }
  if (const auto idle = sdk::keep_alive_timeout(field)) {
    CHECK_INVARIANT(*idle >= Duration::zero() && *idle <= std::chrono::hours(1));
  }
  return 0;
}
