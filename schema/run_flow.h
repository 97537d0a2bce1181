// What flow control knew about a run when it was scheduled: evaluated once, fixed for its life.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/run.h"
#include "schema/time.h"

namespace stepwell {

struct RunFlow {
  int64_t priority = 0;  // seconds by which the run may overtake
  // The values of the key expressions of its function's concurrency limits and throttle, by the
  // expressions' text. No value: it could not be evaluated.
  std::map<std::string, std::optional<std::string>> keys = {};
  // The value of the singleton's key (empty: it has none); absent: the run is no singleton.
  std::optional<std::string> singleton = {};
  // Who waits for the result beside RunRecord::invoked_by: a batch may have many invokers.
  std::vector<InvokedBy> further_invokers = {};
  std::optional<Time> batched_at = {};  // the run is a batch, which was opened then
  // What could not be evaluated, for people: "throttle.key: …".
  std::vector<std::string> faults = {};

  bool operator==(const RunFlow&) const = default;
};

// The stored form, RunRecord::flow. Empty if there is nothing to store.
std::string run_flow_json(const RunFlow& flow);

// Reads it back; what is unknown in it is passed over.
RunFlow parse_run_flow(std::string_view json);

}  // namespace stepwell
