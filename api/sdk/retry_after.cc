#include "api/sdk/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <string>

namespace stepwell::sdk {
namespace {

constexpr size_t kSecondsDigitsMax = 7;

std::optional<Time> parse_http_date(const std::string& text) {
  // RFC 1123, RFC 850, asctime, RFC 822 with a two-digit year; always UTC.
  constexpr std::array kFormats = {"%a, %d %b %Y %H:%M:%S", "%A, %d-%b-%y %H:%M:%S",
                                   "%a %b %e %H:%M:%S %Y", "%d %b %y %H:%M", "%d %b %Y %H:%M:%S"};
  for (const char* format : kFormats) {
    std::tm parts{};
    const char* end = strptime(text.c_str(), format, &parts);
    if (end == nullptr) continue;
    const std::string_view zone(end);
    if (!zone.empty() && zone != " GMT" && zone != " UTC" && zone != " +0000") continue;
    return Time(std::chrono::seconds(timegm(&parts)));
  }
  return std::nullopt;
}

std::optional<Time> parse_date(std::string_view field) {
  if (const Result<Time> time = parse_rfc3339(field)) return *time;
  // Without a zone: UTC.
  if (const Result<Time> time = parse_rfc3339(std::string(field) + "Z")) return *time;
  return parse_http_date(std::string(field));
}

}  // namespace

std::optional<Duration> parse_retry_after(std::string_view field, Time now) {
  if (field.empty()) return std::nullopt;
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), seconds);
  if (error == std::errc() && end == field.data() + field.size()) {
    if (field.size() > kSecondsDigitsMax) return std::nullopt;
    return std::chrono::seconds(std::max<int64_t>(seconds, 0));
  }
  const std::optional<Time> date = parse_date(field);
  if (!date) return std::nullopt;
  return std::max(*date - now, Duration::zero());
}

}  // namespace stepwell::sdk
