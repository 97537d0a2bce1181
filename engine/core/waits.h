// Who waits for which event: the waits of steps and the registered cancellations of runs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/wait_index.h"
#include "schema/run.h"
#include "schema/time.h"

namespace stepwell::core {

struct WaitRef {
  RunNo run = 0;
  Position step = 0;  // the registration of the step
  bool operator==(const WaitRef&) const = default;
};

class Waits {
 public:
  // `seed`: see expr::WaitIndex.
  explicit Waits(uint64_t seed) : seed_(seed) {}

  // `condition` is the text of a bound Condition; empty: every event of the name matches.
  void add(const std::string& event_name, std::string_view condition, const WaitRef& ref);
  void remove(std::string_view event_name, const WaitRef& ref);

  // The waits that an incoming event of this name matches, in the order of their registration.
  std::vector<WaitRef> match(std::string_view event_name, std::string_view event_json, Time now);

  bool has(std::string_view event_name) const;
  bool has(std::string_view event_name, const WaitRef& ref) const;
  size_t size() const { return size_; }

 private:
  uint64_t seed_;
  std::map<std::string, std::unique_ptr<expr::WaitIndex>, std::less<>> by_name_;
  size_t size_ = 0;
  expr::WaitScratch scratch_;
  std::vector<expr::WaitKey> found_;
};

}  // namespace stepwell::core
