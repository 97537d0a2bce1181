// Functions by name, with the types of what they take and give.
#pragma once

#include <string_view>

namespace stepwell {

// A function that may be invoked. Engine::function gives one; for a function of another program, or
// one that is registered later, write a constant:
//   inline constexpr FunctionRef<Order, Receipt> charge{"charge"};
template <class In, class Out>
struct FunctionRef {
  std::string_view id;  // text that outlives the engine, or that the engine owns
};

}  // namespace stepwell
