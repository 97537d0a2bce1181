// The order of an unordered container is chance. Who must look at all of it goes by its keys.
#pragma once

#include <algorithm>
#include <vector>

namespace stepwell {

// The keys of a map, in rising order.
template <typename Map>
std::vector<typename Map::key_type> sorted_keys(const Map& map) {
  std::vector<typename Map::key_type> keys;
  keys.reserve(map.size());
  for (const auto& entry : map) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace stepwell
