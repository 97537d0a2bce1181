// Marks that this thread runs the body of a step.
#pragma once

#include <vector>

#include "schema/op.h"

namespace stepwell::native {

// While it lives, steps may not be used on this thread, and what is published gathers here.
class BodyScope {
 public:
  BodyScope();
  ~BodyScope();
  BodyScope(const BodyScope&) = delete;
  BodyScope& operator=(const BodyScope&) = delete;

  // The innermost of this thread; null outside of bodies.
  static BodyScope* current();

  std::vector<Publication> publications;

 private:
  BodyScope* outer_;
};

}  // namespace stepwell::native
