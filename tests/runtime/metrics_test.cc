#include "engine/runtime/metrics.h"

#include <doctest/doctest.h>

namespace stepwell::runtime {
namespace {

TEST_CASE("quantiles are at most a quarter too high, and never too low") {
  Distribution values;
  CHECK(values.quantile(0.5) == 0);
  for (uint64_t value = 1; value <= 1000; ++value) values.record(value);
  CHECK(values.count() == 1000);
  CHECK(values.sum() == 500'500);
  CHECK(values.max() == 1000);
  for (double share : {0.01, 0.25, 0.5, 0.9, 0.99}) {
    CAPTURE(share);
    double exact = share * 1000;
    CHECK(static_cast<double>(values.quantile(share)) >= exact);
    CHECK(static_cast<double>(values.quantile(share)) <= exact * 1.25 + 1);
  }
  CHECK(values.quantile(1.0) == 1000);
}

TEST_CASE("the smallest and the largest values have their places") {
  Distribution values;
  values.record(0);
  CHECK(values.quantile(0.5) == 0);
  values.record(~uint64_t{0});
  values.record(~uint64_t{0});
  CHECK(values.quantile(0.5) == ~uint64_t{0});
}

}  // namespace
}  // namespace stepwell::runtime
