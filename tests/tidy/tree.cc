#include "tests/tidy/rules.h"

namespace stepwell::tidy {

Findings check_tree(const Tree& tree) {
  Findings findings;
  for (const auto& [path, file] : tree) {
    check_layers(file, findings);
    check_shape(file, findings);
    check_purity(file, tree, findings);
    check_words(file, findings);
    check_public_header(file, findings);
  }
  return findings;
}

}  // namespace stepwell::tidy
