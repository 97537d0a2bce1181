// What triggers a function, read naively: for the checkers.
#pragma once

#include <string>
#include <vector>

#include "engine/core/condition.h"
#include "storage/journal.h"

namespace stepwell::sim {

class Triggers {
 public:
  Triggers() = default;
  explicit Triggers(const storage::PutFunction& put);

  // Whether the event, which is `json` as text, starts a run of the function as far as these say.
  bool match(const Event& event, const std::string& json, Time now) const;

  const FunctionConfig& config() const { return config_; }
  bool is_archived() const { return is_archived_; }
  // Flow control may keep an event from starting a run of its own at once.
  bool gathers() const;

 private:
  FunctionConfig config_;
  std::vector<core::Condition> conditions_;
  bool is_archived_ = false;
};

}  // namespace stepwell::sim
