// Intervals of numbers or of text, and which of them a value lies in: a treap ordered by the lower
// ends, where each node knows the highest end below it. Finding k intervals among n takes about
// k log n steps, inserting and removing log n.
#pragma once

#include <cstdint>
#include <tuple>
#include <utility>

#include "engine/expr/hash.h"
#include "engine/expr/steady_array.h"

namespace stepwell::expr {

template <typename T>
struct IntervalEnd {
  T value{};
  bool is_bounded = false;
  bool is_closed = false;  // the end itself is inside
};

template <typename T>
struct Interval {
  IntervalEnd<T> low;
  IntervalEnd<T> high;
};

// Many trees in one place; each is known by its root, kNoRecord while it is empty.
template <typename T>
class IntervalTrees {
 public:
  // Adds an interval; returns the new root. `item` is new in the tree.
  uint32_t insert(uint32_t root, const Interval<T>& interval, uint32_t item) {
    const uint32_t node = nodes_.take({interval, interval.high, kNoRecord, kNoRecord, item});
    return insert_node(root, node);
  }

  // Removes it again, named by the same interval and item.
  uint32_t remove(uint32_t root, const Interval<T>& interval, uint32_t item) {
    if (root == kNoRecord) return root;
    Node& node = nodes_[root];
    if (node.item == item) {
      const uint32_t rest = merge(node.left, node.right);
      nodes_.give_back(root);
      return rest;
    }
    if (is_before(interval.low, item, node)) {
      node.left = remove(node.left, interval, item);
    } else {
      node.right = remove(node.right, interval, item);
    }
    measure(root);
    return root;
  }

  // visit(item) for each interval that `value` lies in.
  template <typename Visit>
  void find(uint32_t root, const T& value, Visit& visit) const {
    if (root == kNoRecord) return;
    const Node& node = nodes_[root];
    if (!is_under(value, node.top)) return;
    find(node.left, value, visit);
    if (!is_over(value, node.interval.low)) return;
    if (is_under(value, node.interval.high)) visit(node.item);
    find(node.right, value, visit);
  }

  // visit(item) for each interval without a lower end.
  template <typename Visit>
  void find_unbounded(uint32_t root, Visit& visit) const {
    if (root == kNoRecord) return;
    const Node& node = nodes_[root];
    find_unbounded(node.left, visit);
    if (node.interval.low.is_bounded) return;
    visit(node.item);
    find_unbounded(node.right, visit);
  }

 private:
  struct Node {
    Interval<T> interval;
    IntervalEnd<T> top;  // the highest upper end in this subtree
    uint32_t left = kNoRecord;
    uint32_t right = kNoRecord;
    uint32_t item = kNoRecord;
  };

  static bool is_over(const T& value, const IntervalEnd<T>& low) {
    if (!low.is_bounded || low.value < value) return true;
    return low.is_closed && low.value == value;
  }
  static bool is_under(const T& value, const IntervalEnd<T>& high) {
    if (!high.is_bounded || value < high.value) return true;
    return high.is_closed && high.value == value;
  }

  // By lower end, those without one first; then by item, so that each has its one place.
  static bool is_before(const IntervalEnd<T>& low, uint32_t item, const Node& node) {
    const IntervalEnd<T>& other = node.interval.low;
    if (low.is_bounded != other.is_bounded) return other.is_bounded;
    if (low.is_bounded) {
      if (low.value != other.value) return low.value < other.value;
      if (low.is_closed != other.is_closed) return low.is_closed;
    }
    return item < node.item;
  }

  static bool is_lower(const IntervalEnd<T>& left, const IntervalEnd<T>& right) {
    if (left.is_bounded != right.is_bounded) return left.is_bounded;
    if (!left.is_bounded) return false;
    if (left.value != right.value) return left.value < right.value;
    return right.is_closed && !left.is_closed;
  }

  uint64_t priority(uint32_t node) const { return mix_bits(nodes_[node].item + uint64_t{1}); }

  void measure(uint32_t number) {
    Node& node = nodes_[number];
    node.top = node.interval.high;
    for (const uint32_t child : {node.left, node.right}) {
      if (child != kNoRecord && is_lower(node.top, nodes_[child].top)) node.top = nodes_[child].top;
    }
  }

  uint32_t insert_node(uint32_t root, uint32_t added) {
    if (root == kNoRecord) return added;
    Node& node = nodes_[added];
    if (priority(added) > priority(root)) {
      std::tie(node.left, node.right) = split(root, node);
      measure(added);
      return added;
    }
    if (is_before(node.interval.low, node.item, nodes_[root])) {
      nodes_[root].left = insert_node(nodes_[root].left, added);
    } else {
      nodes_[root].right = insert_node(nodes_[root].right, added);
    }
    measure(root);
    return root;
  }

  // What is before `place`, and the rest.
  std::pair<uint32_t, uint32_t> split(uint32_t root, const Node& place) {
    if (root == kNoRecord) return {kNoRecord, kNoRecord};
    Node& node = nodes_[root];
    if (is_before(place.interval.low, place.item, node)) {
      const auto [before, after] = split(node.left, place);
      node.left = after;
      measure(root);
      return {before, root};
    }
    const auto [before, after] = split(node.right, place);
    node.right = before;
    measure(root);
    return {root, after};
  }

  uint32_t merge(uint32_t left, uint32_t right) {
    if (left == kNoRecord) return right;
    if (right == kNoRecord) return left;
    if (priority(left) > priority(right)) {
      nodes_[left].right = merge(nodes_[left].right, right);
      measure(left);
      return left;
    }
    nodes_[right].left = merge(left, nodes_[right].left);
    measure(right);
    return right;
  }

  Pool<Node> nodes_;
};

}  // namespace stepwell::expr
