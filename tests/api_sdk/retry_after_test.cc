#include "api/sdk/retry_after.h"

#include <doctest/doctest.h>

namespace stepwell::sdk {
namespace {

TEST_CASE("Retry-After in all its forms") {
  const Time now = parse_rfc3339("2026-11-24T10:00:00Z").value();
  const auto parse = [&](std::string_view field) { return parse_retry_after(field, now); };
  CHECK(parse("30") == std::chrono::seconds(30));
  CHECK(parse("0") == Duration::zero());
  CHECK(parse("-5") == Duration::zero());
  CHECK(parse("9999999") == std::chrono::seconds(9'999'999));
  CHECK(parse("2026-11-24T10:00:07.250Z") == Duration(7250));
  CHECK(parse("2026-11-24T10:00:07") == Duration(7000));
  CHECK(parse("Tue, 24 Nov 2026 10:01:00 GMT") == std::chrono::minutes(1));
  CHECK(parse("Tuesday, 24-Nov-26 10:01:00 GMT") == std::chrono::minutes(1));
  CHECK(parse("Tue Nov 24 10:01:00 2026") == std::chrono::minutes(1));
  CHECK(parse("2020-01-01T00:00:00Z") == Duration::zero());
  for (const char* text : {"", "abc", "12345678", "1.5", "Tue, 24 Nov 2026 10:01:00 CET", "30 s"}) {
    CHECK_MESSAGE(!parse(text), text);
  }
}

}  // namespace
}  // namespace stepwell::sdk
