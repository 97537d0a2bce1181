#include "engine/expr/wait_tree.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "engine/expr/hash.h"

namespace stepwell::expr {
namespace {

double as_number(const Value& value) {
  double number = value.is(Kind::kInt)    ? static_cast<double>(value.as_int())
                  : value.is(Kind::kUint) ? static_cast<double>(value.as_uint())
                                          : value.as_double();
  return number == 0 ? 0 : number;  // there is one zero
}

bool is_in_table(TestKind kind) {
  return kind == TestKind::kOneOf || kind == TestKind::kElement || kind == TestKind::kPrefix;
}

bool can_hang(const Test& test) {
  return test.kind != TestKind::kNoneOf || !test.is_list;
}

template <typename T>
T end_value(const Value& literal) {
  if constexpr (std::is_same_v<T, double>) {
    return as_number(literal);
  } else {
    return literal.text();
  }
}

template <typename T>
void narrow(Interval<T>& interval, Op op, const T& value) {
  const IntervalEnd<T> end{value, true, op == Op::kLessEqual || op == Op::kGreaterEqual};
  if (op == Op::kLess || op == Op::kLessEqual) {
    IntervalEnd<T>& high = interval.high;
    const bool is_tighter = !high.is_bounded || value < high.value ||
                            (value == high.value && high.is_closed && !end.is_closed);
    if (is_tighter) high = end;
  } else {
    IntervalEnd<T>& low = interval.low;
    const bool is_tighter = !low.is_bounded || low.value < value ||
                            (value == low.value && low.is_closed && !end.is_closed);
    if (is_tighter) low = end;
  }
}

// What all the orders of one path, in numbers or in text, leave.
template <typename T>
Interval<T> interval_of(const Clause& clause, const Test& wanted) {
  Interval<T> interval;
  for (const Test& test : *clause.tests) {
    if (test.kind != TestKind::kRange || test.path != wanted.path) continue;
    const Value& literal = clause.literals[test.slot];
    if (literal.is(Kind::kString) != std::is_same_v<T, std::string_view>) continue;
    narrow(interval, test.op, end_value<T>(literal));
  }
  return interval;
}

bool is_text_order(const Clause& clause, const Test& test) {
  return clause.literals[test.slot].is(Kind::kString);
}

bool is_two_sided(const Clause& clause, const Test& test) {
  if (is_text_order(clause, test)) {
    const auto interval = interval_of<std::string_view>(clause, test);
    return interval.low.is_bounded && interval.high.is_bounded;
  }
  const auto interval = interval_of<double>(clause, test);
  return interval.low.is_bounded && interval.high.is_bounded;
}

}  // namespace

WaitTree::WaitTree(const ClauseSource& source, const std::vector<uint64_t>& path_hashes,
                   uint64_t seed)
    : source_(source), path_hashes_(path_hashes), seed_(seed) {
  nodes_.take({});  // the root
}

// --- Keys ----------------------------------------------------------------------------------------

uint64_t WaitTree::salt(uint32_t node, uint32_t path, TestKind kind) const {
  const uint64_t place = (uint64_t{node} << 3) | static_cast<uint64_t>(kind);
  return mix_bits(path_hashes_[path] ^ mix_bits(place + seed_));
}

uint32_t WaitTree::key_of_text(uint64_t salt, std::string_view text) {
  return static_cast<uint32_t>(hash_text(salt, text));
}

uint32_t WaitTree::key_of_value(uint64_t salt, const Value& value) {
  if (value.is(Kind::kString)) return key_of_text(salt, value.text());
  const auto kind = static_cast<uint64_t>(value.kind());
  if (value.is_numeric()) {
    const auto bits = std::bit_cast<uint64_t>(as_number(value));
    return static_cast<uint32_t>(mix_bits(salt + mix_bits(bits)));
  }
  return static_cast<uint32_t>(mix_bits(salt + 4 * kind + (value.is_true() ? 1 : 0)));
}

// Keys may come more than once.
template <typename Use>
void WaitTree::for_each_key(const Test& test, const Value* literals, uint32_t node,
                            Use&& use) const {
  const uint64_t salted = salt(node, test.path, test.kind);
  if (test.specials & kIsMissing) use(key_of_value(salted, Value::missing()));
  if (test.specials & kIsNull) use(key_of_value(salted, Value::null()));
  if (test.specials & kIsFalse) use(key_of_value(salted, Value::boolean(false)));
  if (test.specials & kIsTrue) use(key_of_value(salted, Value::boolean(true)));
  if (test.slot == Test::kNone) return;
  if (!test.is_list) return use(key_of_value(salted, literals[test.slot]));
  for (const Value& item : literals[test.slot].items()) use(key_of_value(salted, item));
}

std::string WaitTree::excluded_by(const Test& test, const Value* literals) {
  if (test.slot == Test::kNone) return {static_cast<char>(test.specials)};
  const Value& literal = literals[test.slot];
  if (literal.is(Kind::kString)) return "s" + std::string(literal.text());
  const double number = as_number(literal);
  std::string text = "d";
  return text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

bool WaitTree::excludes(std::string_view excluded, const Value& value) {
  const std::string_view rest = excluded.substr(1);
  if (excluded[0] == 's') return value.is(Kind::kString) && value.text() == rest;
  if (excluded[0] == 'd') {
    const double number = value.is_numeric() ? as_number(value) : 0;
    return value.is_numeric() &&
           rest == std::string_view(reinterpret_cast<const char*>(&number), sizeof number);
  }
  const auto specials = static_cast<uint8_t>(excluded[0]);
  if (value.is_missing()) return (specials & kIsMissing) != 0;
  if (value.is_null()) return (specials & kIsNull) != 0;
  return value.is_bool() && (specials & (value.as_bool() ? kIsTrue : kIsFalse)) != 0;
}

// --- Choosing a test -----------------------------------------------------------------------------

uint32_t WaitTree::alike(uint32_t hash) const {
  uint32_t count = 0;
  for (uint32_t i = table_.first(hash); i != kNoRecord; i = entries_[i].next) {
    const Entry& entry = entries_[i];
    if (entry.hash == hash) count += entry.is_node ? nodes_[entry.wait].size : 1;
  }
  return count;
}

uint64_t WaitTree::cost_of(const Test& test, const Value* literals, uint32_t node) const {
  uint64_t cost = 0;
  for_each_key(test, literals, node, [&](uint32_t key) { cost += 1 + alike(key); });
  return cost;
}

WaitTree::Choice WaitTree::choose(const Clause& clause, uint32_t node, uint16_t used) const {
  Choice best{kMostTests, 4, 0};
  if (!clause.tests) return best;
  const size_t count = std::min(clause.tests->size(), kMostTests);
  for (size_t i = 0; i < count; ++i) {
    const Test& test = (*clause.tests)[i];
    if ((used >> i & 1) != 0 || !can_hang(test)) continue;
    Choice choice{i, 0, 0};
    if (is_in_table(test.kind)) {
      choice.cost = cost_of(test, clause.literals, node);
    } else if (test.kind == TestKind::kRange) {
      choice.rank = is_two_sided(clause, test) ? 1 : 2;
    } else {
      choice.rank = 3;
    }
    if (std::tie(choice.rank, choice.cost) < std::tie(best.rank, best.cost)) best = choice;
  }
  return best;
}

// --- Hanging up ----------------------------------------------------------------------------------

uint32_t WaitTree::add(uint32_t wait, uint8_t conjunction, uint32_t first) {
  ClauseRoom room;
  Hanging hanging;
  hanging.clause = source_.clause(wait, conjunction, room);
  hanging.entry = make_entry(wait, conjunction, first);
  hang(hanging, kRoot, 0);
  return hanging.entry;
}

uint32_t WaitTree::make_entry(uint32_t wait, uint8_t conjunction, uint32_t next_of_wait) {
  Entry entry;
  entry.wait = wait;
  entry.conjunction = conjunction;
  entry.next_of_wait = next_of_wait;
  return entries_.take(entry);
}

uint32_t WaitTree::take_entry(Hanging& hanging, uint32_t node, uint16_t used, size_t test) {
  uint32_t number = hanging.entry;
  if (hanging.is_used) {
    Entry& before = entries_[hanging.entry];
    number = make_entry(before.wait, before.conjunction, before.next_of_wait);
    before.next_of_wait = number;
  }
  hanging.is_used = true;
  Entry& entry = entries_[number];
  entry.node = node;
  entry.used = used;
  entry.test = static_cast<uint8_t>(test) & 0xF;
  add_to_sizes(node, 1);
  return number;
}

void WaitTree::hang(Hanging& hanging, uint32_t node, uint16_t used) {
  const Choice choice = choose(hanging.clause, node, used);
  if (choice.test == kMostTests) return hang_in_rest(hanging, node, used);
  const Test& test = (*hanging.clause.tests)[choice.test];
  used = static_cast<uint16_t>(used | 1U << choice.test);
  if (test.kind == TestKind::kRange) return hang_in_tree(hanging, node, used, choice.test);
  if (test.kind == TestKind::kNoneOf) {
    return hang(hanging, unequal_node(test, hanging.clause.literals, node), used);
  }
  hang_by_keys(hanging, node, used, choice.test);
}

void WaitTree::hang_by_keys(Hanging& hanging, uint32_t node, uint16_t used, size_t test) {
  const Test& hung = (*hanging.clause.tests)[test];
  if (!hung.is_list && (hung.specials == 0 || hung.slot == Test::kNone) &&
      std::popcount(hung.specials) <= 1) {
    for_each_key(hung, hanging.clause.literals, node,
                 [&](uint32_t key) { hang_in_table(hanging, node, used, test, key); });
    return;
  }
  std::vector<uint32_t> keys;
  for_each_key(hung, hanging.clause.literals, node, [&](uint32_t key) { keys.push_back(key); });
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const uint32_t key : keys) hang_in_table(hanging, node, used, test, key);
}

void WaitTree::hang_in_table(Hanging& hanging, uint32_t node, uint16_t used, size_t test,
                             uint32_t hash) {
  uint32_t below = node_in_table(hash);
  if (below == kNoRecord && alike(hash) >= kMostAlike) {
    const Test& shared = (*hanging.clause.tests)[test];
    below = make_node(node, shared, length_of(shared, hanging.clause.literals), hash);
    move_into_node(hash, below);
  }
  if (below != kNoRecord) return hang(hanging, below, used);
  const uint32_t number = take_entry(hanging, node, used, test);
  entries_[number].home = Home::kTable;
  entries_[number].hash = hash;
  table_.insert(number, links_);
  const Test& hung = (*hanging.clause.tests)[test];
  count_in_table(branch(node, hung.path), hung.kind, length_of(hung, hanging.clause.literals),
                 true);
}

void WaitTree::hang_in_tree(Hanging& hanging, uint32_t node, uint16_t used, size_t test) {
  const uint32_t number = take_entry(hanging, node, used, test);
  const Test& hung = (*hanging.clause.tests)[test];
  Branch& under = branch(node, hung.path);
  if (is_text_order(hanging.clause, hung)) {
    entries_[number].home = Home::kTexts;
    under.texts =
        texts_.insert(under.texts, interval_of<std::string_view>(hanging.clause, hung), number);
  } else {
    entries_[number].home = Home::kNumbers;
    under.numbers =
        numbers_.insert(under.numbers, interval_of<double>(hanging.clause, hung), number);
  }
}

void WaitTree::hang_in_rest(Hanging& hanging, uint32_t node, uint16_t used) {
  const uint32_t number = take_entry(hanging, node, used, 0);
  Entry& entry = entries_[number];
  entry.home = Home::kRest;
  entry.hash = kNoRecord;
  entry.next = nodes_[node].rest;
  if (entry.next != kNoRecord) entries_[entry.next].hash = number;
  nodes_[node].rest = number;
}

// --- Nodes ---------------------------------------------------------------------------------------

uint32_t WaitTree::node_in_table(uint32_t hash) const {
  for (uint32_t i = table_.first(hash); i != kNoRecord; i = entries_[i].next) {
    if (entries_[i].hash == hash && entries_[i].is_node) return entries_[i].wait;
  }
  return kNoRecord;
}

uint32_t WaitTree::make_node(uint32_t parent, const Test& test, uint32_t length, uint32_t hash) {
  Node made;
  made.parent = parent;
  made.kind = test.kind;
  made.path = test.path;
  made.length = length;
  const uint32_t number = nodes_.take(std::move(made));
  Entry entry;
  entry.wait = number;
  entry.hash = hash;
  entry.node = parent;
  entry.is_node = true;
  nodes_[number].entry = entries_.take(entry);
  table_.insert(nodes_[number].entry, links_);
  if (is_in_table(test.kind)) {
    count_in_table(branch(parent, test.path), test.kind, length, true);
  }
  return number;
}

// Those that have the key in common are hung up again, each under another of its tests.
void WaitTree::move_into_node(uint32_t hash, uint32_t node) {
  std::vector<uint32_t> moved;
  for (uint32_t i = table_.first(hash); i != kNoRecord; i = entries_[i].next) {
    if (entries_[i].hash == hash && !entries_[i].is_node) moved.push_back(i);
  }
  for (const uint32_t number : moved) {
    ClauseRoom room;
    Hanging hanging{number, false,
                    source_.clause(entries_[number].wait, entries_[number].conjunction, room)};
    detach(number, hanging.clause);
    hang(hanging, node, entries_[number].used);
  }
}

uint32_t WaitTree::unequal_node(const Test& test, const Value* literals, uint32_t node) {
  const std::string excluded = excluded_by(test, literals);
  const uint32_t hash = key_of_text(salt(node, test.path, TestKind::kNoneOf), excluded);
  for (uint32_t i = table_.first(hash); i != kNoRecord; i = entries_[i].next) {
    const Entry& entry = entries_[i];
    if (entry.hash != hash || !entry.is_node || entry.node != node) continue;
    const Node& found = nodes_[entry.wait];
    if (found.kind == TestKind::kNoneOf && found.path == test.path && found.excluded == excluded) {
      return entry.wait;
    }
  }
  const uint32_t made = make_node(node, test, 0, hash);
  Branch& under = branch(node, test.path);
  nodes_[made].excluded = excluded;
  nodes_[made].position = static_cast<uint32_t>(under.unequal.size());
  under.unequal.push_back(made);
  return made;
}

void WaitTree::drop_empty(uint32_t number) {
  while (number != kRoot && nodes_[number].size == 0) {
    const Node& node = nodes_[number];
    const uint32_t parent = node.parent;
    const uint32_t path = node.path;
    table_.remove(node.entry, links_);
    entries_.give_back(node.entry);
    Branch& under = branch(parent, path);
    if (node.kind == TestKind::kNoneOf) {
      const uint32_t last = under.unequal.back();
      under.unequal[node.position] = last;
      nodes_[last].position = node.position;
      under.unequal.pop_back();
    } else {
      count_in_table(under, node.kind, node.length, false);
    }
    nodes_.give_back(number);
    drop_if_empty(parent, path);
    number = parent;
  }
}

WaitTree::Branch& WaitTree::branch(uint32_t node, uint32_t path) {
  std::vector<Branch>& branches = nodes_[node].branches;
  const auto found = std::find_if(branches.begin(), branches.end(),
                                  [path](const Branch& branch) { return branch.path == path; });
  if (found != branches.end()) return *found;
  branches.emplace_back().path = path;
  return branches.back();
}

void WaitTree::drop_if_empty(uint32_t node, uint32_t path) {
  std::erase_if(nodes_[node].branches,
                [path](const Branch& branch) { return branch.path == path && branch.is_empty(); });
}

void WaitTree::count_in_table(Branch& branch, TestKind kind, uint32_t length, bool is_added) {
  const uint32_t difference = is_added ? 1 : ~uint32_t{0};
  if (kind == TestKind::kOneOf) {
    branch.equal += difference;
  } else if (kind == TestKind::kElement) {
    branch.element += difference;
  } else {
    const auto found =
        std::find_if(branch.prefixes.begin(), branch.prefixes.end(),
                     [length](const auto& prefix) { return prefix.first == length; });
    if (found == branch.prefixes.end()) {
      branch.prefixes.emplace_back(length, 1);
    } else if ((found->second += difference) == 0) {
      branch.prefixes.erase(found);
    }
  }
}

void WaitTree::add_to_sizes(uint32_t node, uint32_t difference) {
  for (; node != kNoRecord; node = nodes_[node].parent) nodes_[node].size += difference;
}

uint32_t WaitTree::length_of(const Test& test, const Value* literals) {
  if (test.kind != TestKind::kPrefix) return 0;
  return static_cast<uint32_t>(literals[test.slot].text().size());
}

// --- Taking down ---------------------------------------------------------------------------------

void WaitTree::detach(uint32_t number, const Clause& clause) {
  const Entry& entry = entries_[number];
  const uint32_t node = entry.node;
  add_to_sizes(node, ~uint32_t{0});
  if (entry.home == Home::kRest) {
    if (entry.next != kNoRecord) entries_[entry.next].hash = entry.hash;
    (entry.hash == kNoRecord ? nodes_[node].rest : entries_[entry.hash].next) = entry.next;
    return;
  }
  const Test& test = (*clause.tests)[entry.test];
  Branch& under = branch(node, test.path);
  if (entry.home == Home::kTable) {
    table_.remove(number, links_);
    count_in_table(under, test.kind, length_of(test, clause.literals), false);
  } else if (entry.home == Home::kTexts) {
    const auto interval = interval_of<std::string_view>(clause, test);
    under.texts = texts_.remove(under.texts, interval, number);
  } else {
    under.numbers = numbers_.remove(under.numbers, interval_of<double>(clause, test), number);
  }
  drop_if_empty(node, test.path);
}

void WaitTree::remove(uint32_t first) {
  while (first != kNoRecord) {
    const uint32_t node = entries_[first].node;
    const uint32_t following = entries_[first].next_of_wait;
    ClauseRoom room;
    detach(first, source_.clause(entries_[first].wait, entries_[first].conjunction, room));
    entries_.give_back(first);
    drop_empty(node);
    first = following;
  }
}

void WaitTree::rename(uint32_t first, uint32_t wait) {
  for (; first != kNoRecord; first = entries_[first].next_of_wait) entries_[first].wait = wait;
}

void WaitTree::renumber_paths(const std::vector<uint32_t>& renamed) {
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    if (node.path < renamed.size()) node.path = renamed[node.path];
    for (Branch& branch : node.branches) branch.path = renamed[branch.path];
  }
}

}  // namespace stepwell::expr
