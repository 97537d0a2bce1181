#include "engine/flow/gcra.h"

#include <algorithm>
#include <charconv>

#include "schema/mutant.h"

namespace stepwell::flow {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;

// Times beyond some 290 years from 1970 do not fit; periods of that length are the same as never.
constexpr int64_t kNanosMax = int64_t{1} << 62;
constexpr int64_t kPeriodMillisMax = int64_t{1000} * 3600 * 24 * 365 * 100;

int64_t interval_ns(const Rate& rate) {
  const int64_t period = std::min<int64_t>(rate.period.count(), kPeriodMillisMax);
  const int64_t interval = period * kNanosPerMilli / std::max<int64_t>(rate.limit, 1);
  return mutant("throttle-too-fast") ? interval / 2 : interval;
}

int64_t capacity_of(const Rate& rate) {
  return std::max<int64_t>(rate.limit, 1) + std::max<int64_t>(rate.burst, 0);
}

int64_t nanos_of(Time time) {
  return to_millis(time) * kNanosPerMilli;
}

Time time_of(int64_t nanos) {
  return from_millis((nanos + kNanosPerMilli - 1) / kNanosPerMilli);
}

}  // namespace

Time Gcra::next(const Rate& rate, int64_t ahead) const {
  const int64_t interval = interval_ns(rate);
  const int64_t room = capacity_of(rate) - 1 - ahead;
  if (interval == 0) return Time{};
  if (room >= 0 && room > arrival_ns_ / interval) return Time{};
  // Far ahead is as good as for ever.
  return time_of(arrival_ns_ + interval * std::min(-room, (kNanosMax - arrival_ns_) / interval));
}

void Gcra::take(const Rate& rate, Time now) {
  arrival_ns_ = std::max(arrival_ns_, nanos_of(now)) + interval_ns(rate);
}

bool Gcra::change_rate(const Rate& rate, Time now) {
  const int64_t interval = interval_ns(rate);
  const int64_t now_ns = nanos_of(now);
  const int64_t ahead = arrival_ns_ - now_ns;
  if (ahead <= 0) return false;
  // Compared by division: the product may not fit.
  if (interval != 0 && capacity_of(rate) > (ahead - 1) / interval) return false;
  arrival_ns_ = now_ns + interval * capacity_of(rate);
  return true;
}

Time Gcra::rests_at() const {
  return time_of(arrival_ns_);
}

std::string Gcra::text() const {
  return std::to_string(arrival_ns_);
}

Gcra Gcra::parse(std::string_view text) {
  Gcra gcra;
  std::from_chars(text.data(), text.data() + text.size(), gcra.arrival_ns_);
  return gcra;
}

}  // namespace stepwell::flow
