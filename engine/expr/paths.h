// The places in events that expressions read. Paths are numbered once; then one pass over an event
// fills a slot per path, and programs read slots.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/expr/value.h"
#include "schema/json.h"

namespace stepwell::expr {

// A field of an object or an index of an array.
using PathStep = std::variant<std::string, uint32_t>;

// event.data.items[0]: variable "event", steps "data", "items", 0. No steps: the variable itself.
struct Path {
  std::string variable;
  std::vector<PathStep> steps;
  bool operator==(const Path&) const = default;
};

// A set of paths with numbers from 0, as a tree, so that one pass over the JSON finds all of them.
// Adding is for one thread; extracting is const.
class PathTable {
 public:
  // The number of `path`; a new one if it is not in the table yet.
  uint32_t intern(const Path& path);
  size_t size() const { return paths_.size(); }
  const Path& path(uint32_t number) const { return paths_[number]; }

  // Sets slots[n] for every path n of `variable`; what is not there becomes missing. `slots` holds
  // size() values; those of other variables are left alone. Values borrow the text of `json`.
  void extract(std::string_view variable, JsonView json, JsonNumbers numbers, Arena& arena,
               Value* slots) const;
  // The same from a value that is no JSON.
  void extract(std::string_view variable, const Value& value, Arena& arena, Value* slots) const;

 private:
  static constexpr uint32_t kNone = 0xFFFFFFFF;

  struct TreeNode {
    uint32_t slot = kNone;
    std::vector<std::pair<std::string, uint32_t>> fields;  // name, node; sorted
    std::vector<std::pair<uint32_t, uint32_t>> indexes;    // index, node; sorted
  };

  uint32_t child(uint32_t node, const PathStep& step);
  const uint32_t* find_root(std::string_view variable) const;
  void clear(uint32_t node, Value* slots) const;
  struct Pass;

  std::vector<Path> paths_;
  std::vector<TreeNode> nodes_;
  std::vector<std::pair<std::string, uint32_t>> roots_;
};

}  // namespace stepwell::expr
