// The tree itself, by the rules. STEPWELL_SOURCE_DIR is the root of the tree.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/tidy/rules.h"

namespace stepwell::tidy {
namespace {

namespace fs = std::filesystem;

// What .gitignore names, and what is not ours to judge.
bool is_skipped(const fs::path& name) {
  return name == ".git" || name == "build" || name == "data" || name == "node_modules" ||
         name == "LICENSE";
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Tree read_tree(const fs::path& root) {
  Tree tree;
  for (auto it = fs::recursive_directory_iterator(root); it != fs::end(it); ++it) {
    if (is_skipped(it->path().filename())) {
      it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file() || it->is_symlink()) continue;
    std::string text = read(it->path());
    bool is_binary = text.find('\0') != std::string::npos;
    if (is_binary) continue;
    std::string path = it->path().lexically_relative(root).generic_string();
    tree.emplace(path, SourceFile::parse(path, std::move(text)));
  }
  return tree;
}

TEST_CASE("the tree is tidy") {
  Tree tree = read_tree(STEPWELL_SOURCE_DIR);
  REQUIRE(tree.contains("schema/result.h"));
  REQUIRE(tree.contains("tests/tidy/tree_test.cc"));
  for (const Finding& finding : check_tree(tree)) FAIL_CHECK(finding.to_string());
}

}  // namespace
}  // namespace stepwell::tidy
