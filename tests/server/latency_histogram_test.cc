#include "api/server/latency_histogram.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

namespace stepwell::server {
namespace {

using std::chrono::nanoseconds;

}  // namespace

TEST_CASE("an empty histogram has no quantiles") {
  const LatencyHistogram histogram;
  CHECK(histogram.quantile(0.99) == nanoseconds(0));
  CHECK(histogram.max() == nanoseconds(0));
}

TEST_CASE("a quantile is never below the true one and at most a quarter above it") {
  LatencyHistogram histogram;
  constexpr int64_t kCount = 10'000;
  for (int64_t i = 1; i <= kCount; ++i) histogram.record(nanoseconds(i * 1'000));
  for (const double quantile : {0.01, 0.5, 0.9, 0.99, 1.0}) {
    CAPTURE(quantile);
    const double exact = quantile * static_cast<double>(kCount) * 1'000;
    const auto got = static_cast<double>(histogram.quantile(quantile).count());
    CHECK(got >= exact);
    CHECK(got <= exact * 1.26 + 1'000);
  }
  CHECK(histogram.quantile(1.0) == histogram.max());
  CHECK(histogram.count() == kCount);
}

TEST_CASE("the smallest and the largest durations have their buckets") {
  LatencyHistogram histogram;
  for (const int64_t nanos : {int64_t{-5}, int64_t{0}, int64_t{1}, int64_t{7}, int64_t{8}}) {
    LatencyHistogram single;
    single.record(nanoseconds(nanos));
    CHECK(single.quantile(0.5) == nanoseconds(nanos < 0 ? 0 : nanos));
  }
  histogram.record(nanoseconds(std::numeric_limits<int64_t>::max()));
  CHECK(histogram.quantile(0.5) == nanoseconds(std::numeric_limits<int64_t>::max()));
  histogram.clear();
  CHECK(histogram.count() == 0);
}

}  // namespace stepwell::server
