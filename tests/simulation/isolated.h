// Plays in a process of their own, so that a broken assertion is one more way to fail.
#pragma once

#include <functional>
#include <string>

#include "tests/simulation/scenario.h"

namespace stepwell::sim {

// The first promise that breaks in a play: "S-7", or "assertion" if the process that plays it dies,
// or "hang" if it takes minutes. Empty: all promises hold.
std::string broken_promise(const std::function<Verdict()>& play);

}  // namespace stepwell::sim
