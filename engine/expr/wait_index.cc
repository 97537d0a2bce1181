#include "engine/expr/wait_index.h"

#include <algorithm>
#include <utility>

#include "engine/expr/hash.h"
#include "schema/check.h"

namespace stepwell::expr {
namespace {

constexpr std::string_view kAlways = "true";

uint64_t hash_path(const Path& path) {
  uint64_t hash = hash_text(0, path.variable);
  for (const PathStep& step : path.steps) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      hash = hash_text(hash, *name);
    } else {
      hash = mix_bits(hash + std::get<uint32_t>(step) + 1);
    }
  }
  return hash;
}

// Orders that follow each other are neighbours in the table: they come and often go together.
uint32_t hash_order(uint64_t order) {
  return static_cast<uint32_t>(mix_bits(order / 64) ^ order % 64);
}

}  // namespace

WaitIndex::WaitIndex(uint64_t seed) : seed_(seed), tree_(*this, path_hashes_, seed) {}

WaitIndex::~WaitIndex() {
  for (uint32_t i = 0; i < waits_.size(); ++i) {
    if (waits_[i].literals) literals_.drop(waits_[i].literals);
  }
}

uint32_t WaitIndex::OrderLinks::hash(uint32_t wait) const {
  return hash_order(waits[wait].order);
}

// --- Adding and removing -------------------------------------------------------------------------

std::optional<CompileError> WaitIndex::add(const WaitKey& key, std::string_view condition) {
  const auto shape = shapes_.find(condition.empty() ? kAlways : condition, encoded_);
  if (!shape) return shape.error();
  const auto hash = static_cast<uint32_t>(hash_text(seed_ + *shape, encoded_));
  by_condition_.fetch(hash);
  CHECK_INVARIANT(key.order > highest_order_ || !has(key.order), "two waits have the same order");
  highest_order_ = std::max(highest_order_, key.order);
  know_paths();
  const uint32_t number =
      waits_.take({.order = key.order, .tag = key.tag, .shape = *shape, .hash = hash});
  by_order_.insert(number, order_links_);
  ++size_;
  const uint32_t first = find_group(*shape, hash, encoded_);
  if (first != kNoRecord) {
    Wait& wait = waits_[number];
    wait.previous_in_group = first;
    wait.next_in_group = std::exchange(waits_[first].next_in_group, number);
    if (wait.next_in_group != kNoRecord) {
      waits_[wait.next_in_group].previous_in_group = number;
    }
    return std::nullopt;
  }
  shapes_.use(*shape);
  waits_[number].literals = literals_.put(encoded_);
  by_condition_.insert(number, condition_links_);
  hang(number);
  return std::nullopt;
}

void WaitIndex::hang(uint32_t number) {
  const Shape& shape = shapes_[waits_[number].shape];
  uint32_t places = kNoRecord;
  if (!shape.can_be_looked_up()) {
    places = tree_.add(number, kWhole, places);
  } else {
    for (size_t i = 0; i < shape.plan.any.size(); ++i) {
      places = tree_.add(number, static_cast<uint8_t>(i), places);
    }
  }
  waits_[number].places = places;
}

bool WaitIndex::remove(uint64_t order) {
  const uint32_t number = find_order(order);
  if (number == kNoRecord) return false;
  by_order_.remove(number, order_links_);
  --size_;
  Wait& wait = waits_[number];
  if (wait.next_in_group != kNoRecord) {
    waits_[wait.next_in_group].previous_in_group = wait.previous_in_group;
  }
  if (wait.previous_in_group != kNoRecord) {
    waits_[wait.previous_in_group].next_in_group = wait.next_in_group;
  } else if (wait.next_in_group != kNoRecord) {
    make_first(number, wait.next_in_group);
  } else {
    tree_.remove(wait.places);
    by_condition_.remove(number, condition_links_);
    literals_.drop(std::exchange(wait.literals, nullptr));
    shapes_.release(wait.shape);
    forget_paths();
  }
  waits_.give_back(number);
  return true;
}

void WaitIndex::make_first(uint32_t old, uint32_t wait) {
  waits_[wait].literals = std::exchange(waits_[old].literals, nullptr);
  waits_[wait].places = waits_[old].places;
  tree_.rename(waits_[wait].places, wait);
  by_condition_.replace(old, wait, condition_links_);
}

bool WaitIndex::has(uint64_t order) const {
  return find_order(order) != kNoRecord;
}

uint32_t WaitIndex::find_order(uint64_t order) const {
  uint32_t i = by_order_.first(hash_order(order));
  while (i != kNoRecord && waits_[i].order != order) i = waits_[i].next_by_order;
  return i;
}

uint32_t WaitIndex::find_group(uint32_t shape, uint32_t hash, std::string_view literals) const {
  for (uint32_t i = by_condition_.first(hash); i != kNoRecord; i = waits_[i].next_by_condition) {
    const Wait& wait = waits_[i];
    if (wait.hash == hash && wait.shape == shape && TextStore::view(wait.literals) == literals) {
      return i;
    }
  }
  return kNoRecord;
}

void WaitIndex::know_paths() {
  const PathTable& paths = shapes_.paths();
  for (auto i = static_cast<uint32_t>(path_hashes_.size()); i < paths.size(); ++i) {
    path_hashes_.push_back(hash_path(paths.path(i)));
  }
}

void WaitIndex::forget_paths() {
  const auto renamed = shapes_.renumber_paths();
  if (!renamed) return;
  tree_.renumber_paths(*renamed);
  path_hashes_.clear();
  know_paths();
}

// --- Literals ------------------------------------------------------------------------------------

void WaitIndex::decode(const Wait& wait, Arena& arena, std::vector<Value>& literals) const {
  literals.clear();
  const uint32_t count = shapes_[wait.shape].literals;
  const char* at = TextStore::view(wait.literals).data();
  for (uint32_t i = 0; i < count; ++i) literals.push_back(decode_literal(at, arena));
}

Clause WaitIndex::clause(uint32_t wait, uint8_t conjunction, ClauseRoom& room) const {
  if (conjunction == kWhole) return {};
  decode(waits_[wait], room.arena, room.literals);
  return {&shapes_[waits_[wait].shape].plan.any[conjunction], room.literals.data()};
}

// --- Looking up ----------------------------------------------------------------------------------

void WaitIndex::read(JsonView event, WaitScratch& scratch) const {
  const PathTable& paths = shapes_.paths();
  scratch.event.reset();
  scratch.values.assign(paths.size(), Value::missing());
  paths.extract("async", event, JsonNumbers::kDouble, scratch.event, scratch.values.data());
}

bool WaitIndex::matches(uint32_t number, uint8_t conjunction, Time now, WaitScratch& scratch) {
  Wait& wait = waits_[number];
  const Shape& shape = shapes_[wait.shape];
  ++scratch.verified;
  scratch.evaluation.reset();
  decode(wait, scratch.evaluation, scratch.literals);
  if (conjunction == kWhole || !shape.plan.is_exact) {
    wait.seen = search_;
    Facts facts;
    facts.slots = scratch.values.data();
    facts.literals = scratch.literals.data();
    facts.now = now;
    return shape.expression->evaluate(facts, shape.link, scratch.evaluation).is_true();
  }
  // One "and" more or less decides nothing, unless there is no other.
  if (shape.plan.any.size() == 1) wait.seen = search_;
  Frame frame{scratch.evaluation};
  frame.budget = Bindings::kDefaultBudget;
  for (const Test& test : shape.plan.any[conjunction]) {
    if (!holds(test, scratch.values[test.path], scratch.literals.data(), frame)) return false;
  }
  wait.seen = search_;
  return true;
}

uint32_t WaitIndex::next_search() {
  if (++search_ == 0) {
    for (uint32_t i = 0; i < waits_.size(); ++i) waits_[i].seen = 0;
    search_ = 1;
  }
  return search_;
}

void WaitIndex::find(Time now, WaitScratch& scratch, std::vector<WaitKey>& matches) {
  scratch.groups.clear();
  const uint32_t search = next_search();
  tree_.find(scratch.values.data(), scratch.event, [&](uint32_t wait, uint8_t conjunction) {
    if (waits_[wait].seen == search) return;
    if (this->matches(wait, conjunction, now, scratch)) scratch.groups.push_back(wait);
  });
  const size_t before = matches.size();
  for (uint32_t wait : scratch.groups) {
    for (; wait != kNoRecord; wait = waits_[wait].next_in_group) {
      matches.push_back({waits_[wait].order, waits_[wait].tag});
    }
  }
  std::sort(matches.begin() + static_cast<ptrdiff_t>(before), matches.end(),
            [](const WaitKey& left, const WaitKey& right) { return left.order < right.order; });
}

}  // namespace stepwell::expr
