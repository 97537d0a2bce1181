// What is being played, told on stderr if the process dies of it: a broken assertion, or an engine
// that never comes back, would else end a long run without a word of its seed.
#pragma once

#include <string_view>

namespace stepwell::sim {

// Lives as long as the play that it names. One inside another says nothing: who plays knows best
// what to call it. One thread only.
class Playing {
 public:
  static constexpr unsigned kSecondsMax = 300;  // of a play, which takes less than one

  // `name`: what replays it. After `seconds` it counts as a hang, and the process dies.
  explicit Playing(std::string_view name, unsigned seconds = kSecondsMax);
  ~Playing();
  Playing(const Playing&) = delete;
  Playing& operator=(const Playing&) = delete;

 private:
  bool is_outermost_ = false;
};

}  // namespace stepwell::sim
