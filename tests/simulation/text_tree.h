// Text of indented "name value" lines, as a tree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace stepwell::sim {

struct TextNode {
  std::string name;
  std::string value;
  std::vector<TextNode> children;

  // The first child of that name; null if there is none.
  const TextNode* find(std::string_view child) const;
};

// The lines of the node's children; the node itself is none.
std::string print_tree(const TextNode& root);
Result<TextNode> parse_tree(std::string_view text);

}  // namespace stepwell::sim
