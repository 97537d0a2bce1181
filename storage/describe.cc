#include "storage/describe.h"

#include <fmt/core.h>

namespace stepwell::storage {
namespace {

struct Describe {
  std::string operator()(const PutEvent& put) const {
    return fmt::format("PutEvent {} (id {})", put.event.pos, put.event.id.to_string());
  }
  std::string operator()(const PutRun& put) const {
    return fmt::format("PutRun {} (id {})", put.run.no, put.run.id.to_string());
  }
  std::string operator()(const UpdateRun& update) const {
    return fmt::format("UpdateRun {} to {}", update.run.no, run_status_name(update.run.status));
  }
  std::string operator()(const PutStep& put) const {
    return fmt::format("PutStep {} of run {} (key {})", put.step.pos, put.step.run,
                       put.step.key.to_string());
  }
  std::string operator()(const UpdateStep& update) const {
    return fmt::format("UpdateStep {} of run {}", update.step.pos, update.step.run);
  }
  std::string operator()(const DropPendingSteps& drop) const {
    return fmt::format("DropPendingSteps of run {}", drop.run);
  }
  std::string operator()(const PutAttempt& put) const {
    return fmt::format("PutAttempt {} of run {}", put.attempt.pos, put.attempt.run);
  }
  std::string operator()(const PutFunction& put) const {
    return fmt::format("PutFunction \"{}\"", put.config.id.slug);
  }
  std::string operator()(const PutFlowState& put) const {
    return fmt::format("PutFlowState {} of \"{}\" at {}", static_cast<int>(put.key.kind),
                       put.key.function, put.key.pos);
  }
  std::string operator()(const DropFlowState& drop) const {
    return fmt::format("DropFlowState {} of \"{}\" from {} to {}", static_cast<int>(drop.kind),
                       drop.function, drop.from, drop.up_to);
  }
  std::string operator()(const PutMessage& put) const {
    return fmt::format("PutMessage {}", put.message.pos);
  }
  std::string operator()(const DropMessages& drop) const {
    return fmt::format("DropMessages through {}", drop.through);
  }
  std::string operator()(const PutTopic& put) const {
    return fmt::format("PutTopic \"{}\" of \"{}\"", put.topic.topic, put.topic.channel);
  }
};

}  // namespace

std::string describe(const Record& record) {
  return std::visit(Describe{}, record);
}

}  // namespace stepwell::storage
