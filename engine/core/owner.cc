#include "engine/core/owner.h"

#include <fmt/core.h>

namespace stepwell::core {

bool is_owner(const FunctionConfig& known, std::string_view app, DriverKind driver) {
  return known.app == app && known.driver == driver;
}

std::string fault_of_owner(const FunctionConfig& known) {
  return fmt::format(
      "function \"{}\": app \"{}\" has one of this id already, {}; give it another id, or remove "
      "that one first",
      known.id.slug, known.app, known.driver == DriverKind::kNative ? "in process" : "behind HTTP");
}

}  // namespace stepwell::core
