// Who waits for which event: the waits of steps and the registered cancellations of runs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/core/condition.h"
#include "schema/run.h"

namespace stepwell::core {

struct WaitRef {
  RunNo run = 0;
  Position step = 0;  // the registration of the step
  bool operator==(const WaitRef&) const = default;
};

class Waits {
 public:
  void add(const std::string& event_name, Condition condition, const WaitRef& ref);
  void remove(const std::string& event_name, const WaitRef& ref);

  // The waits that an incoming event of this name matches, in the order of their registration.
  std::vector<WaitRef> match(std::string_view event_name, std::string_view event_json,
                             Time now) const;

  bool has(std::string_view event_name) const;
  bool has(std::string_view event_name, const WaitRef& ref) const;
  size_t size() const { return size_; }

 private:
  // By the registration's position, which orders them.
  using OfName = std::map<Position, std::pair<WaitRef, Condition>>;
  std::map<std::string, OfName, std::less<>> by_name_;
  size_t size_ = 0;
};

}  // namespace stepwell::core
