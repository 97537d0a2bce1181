#include "tests/simulation/text_tree.h"

#include <fmt/core.h>

#include <algorithm>

namespace stepwell::sim {
namespace {

constexpr size_t kIndent = 2;

void print(const TextNode& node, size_t depth, std::string& text) {
  for (const TextNode& child : node.children) {
    text.append(depth * kIndent, ' ').append(child.name);
    if (!child.value.empty()) text.append(" ").append(child.value);
    text.push_back('\n');
    print(child, depth + 1, text);
  }
}

}  // namespace

const TextNode* TextNode::find(std::string_view child) const {
  auto found = std::find_if(children.begin(), children.end(),
                            [&](const TextNode& node) { return node.name == child; });
  return found == children.end() ? nullptr : &*found;
}

std::string print_tree(const TextNode& root) {
  std::string text;
  print(root, 0, text);
  return text;
}

Result<TextNode> parse_tree(std::string_view text) {
  TextNode root;
  std::vector<size_t> path;  // indexes of the children that lead to the last line
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    size_t indent = line.find_first_not_of(' ');
    if (indent == std::string_view::npos || line[indent] == '#') continue;
    size_t depth = indent / kIndent;
    if (indent % kIndent != 0 || depth > path.size()) {
      return Error{ErrorCode::kInvalid, fmt::format("wrongly indented: \"{}\"", line)};
    }
    path.resize(depth);
    TextNode* parent = &root;
    for (size_t index : path) parent = &parent->children[index];
    line.remove_prefix(indent);
    size_t space = std::min(line.find(' '), line.size());
    std::string_view value = line.substr(std::min(space + 1, line.size()));
    parent->children.push_back({std::string(line.substr(0, space)), std::string(value), {}});
    path.push_back(parent->children.size() - 1);
  }
  return root;
}

}  // namespace stepwell::sim
