// Where the wait index looks waits up. Each "and" of a plan hangs under one of its tests, the one
// that the fewest others hang under: in a hash table (equality, elements, prefixes), in a tree of
// intervals (order) or under "anything but" a value. Where many have a test in common they become a
// node of their own, inside of which their other tests are used; so that an event meets few waits
// that it does not match.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/expr/chain_table.h"
#include "engine/expr/interval_tree.h"
#include "engine/expr/steady_array.h"
#include "engine/expr/value.h"
#include "engine/expr/wait_plan.h"

namespace stepwell::expr {

// One "and" of one wait, with its literals.
struct Clause {
  const Conjunction* tests = nullptr;  // nullptr: there is nothing to look it up by
  const Value* literals = nullptr;
};

// Room for the literals of one clause.
struct ClauseRoom {
  Arena arena;
  std::vector<Value> literals;
};

// Knows what hangs in the tree.
class ClauseSource {
 public:
  virtual ~ClauseSource() = default;
  // Texts stay where they are while the wait is in the tree; the rest is in `room`.
  virtual Clause clause(uint32_t wait, uint8_t conjunction, ClauseRoom& room) const = 0;
};

class WaitTree {
 public:
  // `seed` keeps outsiders from choosing keys that collide.
  WaitTree(const ClauseSource& source, const std::vector<uint64_t>& path_hashes, uint64_t seed);

  // Hangs up an "and" of a wait, in several places if need be; adds the places to the list that
  // begins with `first` and returns its new beginning.
  uint32_t add(uint32_t wait, uint8_t conjunction, uint32_t first);

  // Takes down everything in the list.
  void remove(uint32_t first);

  // The places in the list belong to another wait with the same shape and literals now.
  void rename(uint32_t first, uint32_t wait);

  // Calls visit(wait, conjunction) for all that may match, at least once for those that do.
  // `values` are those of the event, by path.
  template <typename Visit>
  void find(const Value* values, Arena& arena, Visit&& visit) const {
    Search<std::remove_reference_t<Visit>>{*this, values, arena, visit}.search(kRoot);
  }

  // Paths have new numbers.
  void renumber_paths(const std::vector<uint32_t>& renamed);

 private:
  static constexpr uint32_t kRoot = 0;
  static constexpr uint32_t kMostAlike = 64;  // more with a test in common get a node
  static constexpr size_t kMostTests = 16;    // of an "and" that may be used to hang it up

  enum class Home : uint8_t { kTable, kRest, kNumbers, kTexts };

  // A place where an "and" hangs, or a node in the table.
  struct Entry {
    uint32_t wait = kNoRecord;          // or the number of the node
    uint32_t hash = 0;                  // kTable: of its key; kRest: the entry before
    uint32_t next = kNoRecord;          // in the chain of the table, or in the rest of the node
    uint32_t next_of_wait = kNoRecord;  // another place of the same wait
    uint32_t node = 0;                  // in which it hangs
    uint16_t used = 0;                  // tests that the nodes above stand for, and its own
    uint8_t conjunction = 0;
    Home home : 2 = Home::kTable;
    bool is_node : 1 = false;
    uint8_t test : 4 = 0;  // under which it hangs
  };
  static_assert(sizeof(Entry) == 24);

  // What hangs under the tests of one path.
  struct Branch {
    uint32_t path = 0;
    uint32_t equal = 0;                                   // how many entries in the table
    uint32_t element = 0;                                 //
    std::vector<std::pair<uint32_t, uint32_t>> prefixes;  // length of the text, how many entries
    uint32_t numbers = kNoRecord;                         // roots of trees
    uint32_t texts = kNoRecord;
    std::vector<uint32_t> unequal;  // nodes for "anything but" a value

    bool is_empty() const {
      return equal == 0 && element == 0 && prefixes.empty() && numbers == kNoRecord &&
             texts == kNoRecord && unequal.empty();
    }
  };

  struct Node {
    std::vector<Branch> branches;
    uint32_t rest = kNoRecord;  // entries with no more tests to use
    uint32_t size = 0;          // entries in it and in the nodes below
    uint32_t parent = kNoRecord;
    uint32_t entry = kNoRecord;  // that stands for it in the table
    TestKind kind = TestKind::kOneOf;
    uint32_t path = 0;
    uint32_t length = 0;    // of a prefix
    std::string excluded;   // "anything but" this, as key_text() has it
    uint32_t position = 0;  // in Branch::unequal
  };

  // The entries as the table sees them.
  struct Links {
    Pool<Entry>& entries;
    uint32_t& next(uint32_t entry) { return entries[entry].next; }
    uint32_t hash(uint32_t entry) const { return entries[entry].hash; }
    void fetch(uint32_t entry) const { __builtin_prefetch(&entries[entry]); }
  };

  template <typename Visit>
  struct Search;

  // What is being hung up: `entry` is used first; if it takes more, they join its wait's list.
  struct Hanging {
    uint32_t entry = kNoRecord;
    bool is_used = false;
    Clause clause;
  };

  struct Choice {
    size_t test = 0;
    int rank = 0;  // kinds of tests, the better first
    uint64_t cost = 0;
  };

  // -- Keys: what the table is searched for
  uint64_t salt(uint32_t node, uint32_t path, TestKind kind) const;
  static uint32_t key_of_value(uint64_t salt, const Value& value);
  static uint32_t key_of_text(uint64_t salt, std::string_view text);
  template <typename Use>
  void for_each_key(const Test& test, const Value* literals, uint32_t node, Use&& use) const;
  // What "anything but" leaves out, and whether a value is that.
  static std::string excluded_by(const Test& test, const Value* literals);
  static bool excludes(std::string_view excluded, const Value& value);

  // -- Hanging up
  Choice choose(const Clause& clause, uint32_t node, uint16_t used) const;
  uint64_t cost_of(const Test& test, const Value* literals, uint32_t node) const;
  uint32_t alike(uint32_t hash) const;
  void hang(Hanging& hanging, uint32_t node, uint16_t used);
  void hang_by_keys(Hanging& hanging, uint32_t node, uint16_t used, size_t test);
  void hang_in_table(Hanging& hanging, uint32_t node, uint16_t used, size_t test, uint32_t hash);
  void hang_in_tree(Hanging& hanging, uint32_t node, uint16_t used, size_t test);
  void hang_in_rest(Hanging& hanging, uint32_t node, uint16_t used);
  uint32_t unequal_node(const Test& test, const Value* literals, uint32_t node);
  uint32_t make_entry(uint32_t wait, uint8_t conjunction, uint32_t next_of_wait);
  uint32_t take_entry(Hanging& hanging, uint32_t node, uint16_t used, size_t test);

  // -- Nodes
  uint32_t node_in_table(uint32_t hash) const;
  uint32_t make_node(uint32_t parent, const Test& test, uint32_t length, uint32_t hash);
  void move_into_node(uint32_t hash, uint32_t node);
  void drop_empty(uint32_t node);
  Branch& branch(uint32_t node, uint32_t path);
  void drop_if_empty(uint32_t node, uint32_t path);
  void count_in_table(Branch& branch, TestKind kind, uint32_t length, bool is_added);
  void add_to_sizes(uint32_t node, uint32_t difference);

  // -- Taking down
  void detach(uint32_t entry, const Clause& clause);
  static uint32_t length_of(const Test& test, const Value* literals);

  const ClauseSource& source_;
  const std::vector<uint64_t>& path_hashes_;
  uint64_t seed_;
  Pool<Entry> entries_;
  Links links_{entries_};
  Pool<Node> nodes_;
  ChainTable<Links> table_;
  IntervalTrees<double> numbers_;
  IntervalTrees<std::string_view> texts_;
};

// One look through the tree with the values of one event.
template <typename Visit>
struct WaitTree::Search {
  const WaitTree& tree;
  const Value* values;
  Arena& arena;
  Visit& visit;

  void search(uint32_t number) {
    const Node& node = tree.nodes_[number];
    for (uint32_t i = node.rest; i != kNoRecord; i = tree.entries_[i].next) meet(i);
    for (const Branch& branch : node.branches) look(number, branch, values[branch.path]);
  }

  void meet(uint32_t number) {
    const Entry& entry = tree.entries_[number];
    visit(entry.wait, entry.conjunction);
  }

  void probe(uint32_t hash) {
    for (uint32_t i = tree.table_.first(hash); i != kNoRecord; i = tree.entries_[i].next) {
      const Entry& entry = tree.entries_[i];
      if (entry.hash != hash) continue;
      if (entry.is_node) {
        search(entry.wait);
      } else {
        meet(i);
      }
    }
  }

  void look(uint32_t node, const Branch& branch, const Value& value) {
    const bool is_container = value.is(Kind::kList) || value.is(Kind::kMap);
    if (branch.equal > 0 && !is_container) {
      probe(key_of_value(tree.salt(node, branch.path, TestKind::kOneOf), value));
    }
    if (branch.element > 0 && is_container) {
      look_for_elements(tree.salt(node, branch.path, TestKind::kElement), value.json_view());
    }
    if (!branch.prefixes.empty() && value.is(Kind::kString)) look_for_prefixes(node, branch, value);
    if (branch.numbers != kNoRecord) look_in_numbers(branch.numbers, value);
    if (branch.texts != kNoRecord) look_in_texts(branch.texts, value);
    for (const uint32_t other : branch.unequal) {
      if (!excludes(tree.nodes_[other].excluded, value)) search(other);
    }
  }

  void look_for_elements(uint64_t salt, JsonView view) {
    for (JsonElements it = view.elements(); it.next();) {
      if (it.value().is_object() || it.value().is_array()) continue;
      probe(key_of_value(salt, from_json(it.value(), JsonNumbers::kDouble, arena)));
    }
    for (JsonMembers it = view.members(); it.next();) {
      const std::string_view raw = it.raw_key();
      const bool is_escaped = raw.find('\\') != std::string_view::npos;
      probe(key_of_text(salt, is_escaped ? arena.copy(it.key()) : raw));
    }
  }

  void look_for_prefixes(uint32_t node, const Branch& branch, const Value& value) {
    const uint64_t salt = tree.salt(node, branch.path, TestKind::kPrefix);
    for (const auto& [length, count] : branch.prefixes) {
      if (length <= value.text().size()) probe(key_of_text(salt, value.text().substr(0, length)));
    }
  }

  // In an order null is zero, and what is missing is below everything.
  void look_in_numbers(uint32_t root, const Value& value) {
    auto found = [this](uint32_t entry) { meet(entry); };
    if (value.is_missing()) tree.numbers_.find_unbounded(root, found);
    if (value.is_null()) tree.numbers_.find(root, 0.0, found);
    if (value.is(Kind::kDouble)) tree.numbers_.find(root, value.as_double(), found);
  }

  void look_in_texts(uint32_t root, const Value& value) {
    auto found = [this](uint32_t entry) { meet(entry); };
    if (value.is_missing()) tree.texts_.find_unbounded(root, found);
    if (value.is_null()) tree.texts_.find(root, std::string_view(), found);
    if (value.is(Kind::kString)) tree.texts_.find(root, value.text(), found);
  }
};

}  // namespace stepwell::expr
