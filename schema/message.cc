#include "schema/message.h"

namespace stepwell {

bool matches_channel(std::string_view pattern, std::string_view channel) {
  if (!pattern.ends_with('*')) return pattern == channel;
  return channel.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace stepwell
