#include "engine/expr/paths.h"

#include <algorithm>
#include <utility>

namespace stepwell::expr {
namespace {

// Pairs are sorted by their keys: an event meets many names that no path has.
template <typename Key, typename Wanted>
auto position(const std::vector<std::pair<Key, uint32_t>>& pairs, const Wanted& key) {
  return std::lower_bound(
      pairs.begin(), pairs.end(), key,
      [](const auto& pair, const Wanted& wanted) { return pair.first < wanted; });
}

template <typename Key, typename Wanted>
const uint32_t* find_pair(const std::vector<std::pair<Key, uint32_t>>& pairs, const Wanted& key) {
  const auto found = position(pairs, key);
  return found != pairs.end() && found->first == key ? &found->second : nullptr;
}

template <typename Key>
void add_pair(std::vector<std::pair<Key, uint32_t>>& pairs, const Key& key, uint32_t node) {
  pairs.insert(position(pairs, key), {key, node});
}

}  // namespace

uint32_t PathTable::child(uint32_t node, const PathStep& step) {
  const auto added = static_cast<uint32_t>(nodes_.size());
  if (const auto* field = std::get_if<std::string>(&step)) {
    if (const uint32_t* found = find_pair(nodes_[node].fields, *field)) return *found;
    add_pair(nodes_[node].fields, *field, added);
  } else {
    const uint32_t index = std::get<uint32_t>(step);
    if (const uint32_t* found = find_pair(nodes_[node].indexes, index)) return *found;
    add_pair(nodes_[node].indexes, index, added);
  }
  nodes_.emplace_back();
  return added;
}

const uint32_t* PathTable::find_root(std::string_view variable) const {
  return find_pair(roots_, variable);
}

uint32_t PathTable::intern(const Path& path) {
  uint32_t node = 0;
  if (const uint32_t* root = find_root(path.variable)) {
    node = *root;
  } else {
    node = static_cast<uint32_t>(nodes_.size());
    nodes_.emplace_back();
    add_pair(roots_, path.variable, node);
  }
  for (const PathStep& step : path.steps) node = child(node, step);
  if (nodes_[node].slot == kNone) {
    nodes_[node].slot = static_cast<uint32_t>(paths_.size());
    paths_.push_back(path);
  }
  return nodes_[node].slot;
}

// The tree has the depth of the longest path, which the limits on expressions bound.
void PathTable::clear(uint32_t node, Value* slots) const {
  const TreeNode& tree = nodes_[node];
  if (tree.slot != kNone) slots[tree.slot] = Value::missing();
  for (const auto& [field, below] : tree.fields) clear(below, slots);
  for (const auto& [index, below] : tree.indexes) clear(below, slots);
}

struct PathTable::Pass {
  const PathTable& table;
  JsonNumbers numbers;
  Arena& arena;
  Value* slots;

  void visit(JsonView view, uint32_t node) {
    const TreeNode& tree = table.nodes_[node];
    if (tree.slot != kNone) slots[tree.slot] = from_json(view, numbers, arena);
    if (!tree.fields.empty() && view.is_object()) visit_members(view, tree);
    if (!tree.indexes.empty() && view.is_array()) visit_elements(view, tree);
  }

  void visit_members(JsonView view, const TreeNode& tree) {
    for (JsonMembers it = view.members(); it.next();) {
      const std::string_view raw = it.raw_key();
      const bool escaped = raw.find('\\') != std::string_view::npos;
      const uint32_t* below =
          escaped ? find_pair(tree.fields, it.key()) : find_pair(tree.fields, raw);
      if (!below) continue;
      // Of two members with one name the last counts, with nothing left of the first.
      table.clear(*below, slots);
      visit(it.value(), *below);
    }
  }

  void visit_elements(JsonView view, const TreeNode& tree) {
    const uint32_t last = tree.indexes.back().first;
    uint32_t at = 0;
    for (JsonElements it = view.elements(); at <= last && it.next(); ++at) {
      if (const uint32_t* below = find_pair(tree.indexes, at)) visit(it.value(), *below);
    }
  }

  void visit(const Value& value, uint32_t node) {
    if (value.is_json()) return visit(value.json_view(), node);
    const TreeNode& tree = table.nodes_[node];
    if (tree.slot != kNone) slots[tree.slot] = value;
    for (const auto& [field, below] : tree.fields) {
      if (!value.is(Kind::kMap)) break;
      if (const auto found = map_find_field(value, field, arena)) visit(*found, below);
    }
    for (const auto& [index, below] : tree.indexes) {
      if (!value.is(Kind::kList) || index >= value.items().size()) continue;
      visit(value.items()[index], below);
    }
  }
};

void PathTable::extract(std::string_view variable, JsonView json, JsonNumbers numbers, Arena& arena,
                        Value* slots) const {
  const uint32_t* root = find_root(variable);
  if (!root) return;
  clear(*root, slots);
  Pass{*this, numbers, arena, slots}.visit(json, *root);
}

void PathTable::extract(std::string_view variable, const Value& value, Arena& arena,
                        Value* slots) const {
  const uint32_t* root = find_root(variable);
  if (!root) return;
  clear(*root, slots);
  Pass{*this, value.json_numbers(), arena, slots}.visit(value, *root);
}

}  // namespace stepwell::expr
