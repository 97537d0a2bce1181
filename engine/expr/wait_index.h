// Which of many waits does an event match? An answer that is exactly that of evaluating every
// expression, at the cost of a few look-ups.
//
//   WaitIndex index;
//   index.add({1, 0}, "async.data.id == 'a' && async.data.n > 3");
//   index.read(event, scratch);
//   index.find(now, scratch, matches);
//
// A wait is an expression over `async` in the form of a residual (Expression::bind_event). Waits
// that differ in literals only share one compiled expression; waits with the same literals, too,
// are looked at once. See wait_tree.h for how they are found. For one thread; pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/chain_table.h"
#include "engine/expr/error.h"
#include "engine/expr/steady_array.h"
#include "engine/expr/wait_literals.h"
#include "engine/expr/wait_shapes.h"
#include "engine/expr/wait_tree.h"
#include "schema/json.h"
#include "schema/time.h"

namespace stepwell::expr {

// What a wait is known by: `order` names it, and matches come back in ascending order; `tag` is the
// caller's own.
struct WaitKey {
  uint64_t order = 0;
  uint64_t tag = 0;
  bool operator==(const WaitKey&) const = default;
};

// Memory that looking up needs again and again; may be shared by the indexes of one thread.
struct WaitScratch {
  Arena event;                   // texts of the event that had to be unescaped
  std::vector<Value> values;     // of the event, by path
  Arena evaluation;              // of one expression
  std::vector<Value> literals;   // of the wait that is looked at
  std::vector<uint32_t> groups;  // waits that match, one of each that are the same
  uint64_t verified = 0;         // how many expressions were looked at, all in all
};

class WaitIndex final : private ClauseSource {
 public:
  // With an unknown `seed` nobody can choose literals whose keys collide. Answers do not depend on
  // it.
  explicit WaitIndex(uint64_t seed = 0);
  ~WaitIndex() override;
  WaitIndex(const WaitIndex&) = delete;
  WaitIndex& operator=(const WaitIndex&) = delete;

  // Adds a wait whose order no other has. The condition is compiled as by
  // Expression::compile_residual, or refused; empty: every event matches.
  std::optional<CompileError> add(const WaitKey& key, std::string_view condition);
  // False if there is no such wait.
  bool remove(uint64_t order);
  bool has(uint64_t order) const;
  size_t size() const { return size_; }

  // Reads the fields of an event that waits ask for; `event` must outlive the find()s that follow.
  void read(JsonView event, WaitScratch& scratch) const;
  // Appends the waits that match the event that was read last, in ascending order.
  void find(Time now, WaitScratch& scratch, std::vector<WaitKey>& matches);

 private:
  // Waits with the same shape and literals form a group, whose first one stands for all.
  struct Wait {
    uint64_t order = 0;
    uint64_t tag = 0;
    char* literals = nullptr;  // of the first: shared by the group
    uint32_t shape = 0;
    uint32_t hash = 0;  // of the condition
    uint32_t next_by_order = kNoRecord;
    uint32_t next_by_condition = kNoRecord;  // the first ones only
    uint32_t places = kNoRecord;             // the first: where its conjunctions hang
    uint32_t next_in_group = kNoRecord;
    uint32_t previous_in_group = kNoRecord;  // kNoRecord: it is the first
    uint32_t seen = 0;                       // the search that has judged it
  };
  static_assert(sizeof(Wait) == 56);

  struct OrderLinks {
    Pool<Wait>& waits;
    uint32_t& next(uint32_t wait) { return waits[wait].next_by_order; }
    uint32_t hash(uint32_t wait) const;
    void fetch(uint32_t wait) const { __builtin_prefetch(&waits[wait]); }
  };
  struct ConditionLinks {
    Pool<Wait>& waits;
    uint32_t& next(uint32_t wait) { return waits[wait].next_by_condition; }
    uint32_t hash(uint32_t wait) const { return waits[wait].hash; }
    void fetch(uint32_t wait) const { __builtin_prefetch(&waits[wait]); }
  };

  // The whole expression decides, no "and" of its plan.
  static constexpr uint8_t kWhole = 0xFF;

  Clause clause(uint32_t wait, uint8_t conjunction, ClauseRoom& room) const override;
  void decode(const Wait& wait, Arena& arena, std::vector<Value>& literals) const;
  uint32_t find_order(uint64_t order) const;
  uint32_t find_group(uint32_t shape, uint32_t hash, std::string_view literals) const;
  void hang(uint32_t wait);
  void make_first(uint32_t old, uint32_t wait);
  void know_paths();
  void forget_paths();
  bool matches(uint32_t wait, uint8_t conjunction, Time now, WaitScratch& scratch);
  uint32_t next_search();

  uint64_t seed_;
  WaitShapes shapes_;
  std::vector<uint64_t> path_hashes_;  // by number of the path
  TextStore literals_;
  Pool<Wait> waits_;
  OrderLinks order_links_{waits_};
  ConditionLinks condition_links_{waits_};
  ChainTable<OrderLinks> by_order_;
  ChainTable<ConditionLinks> by_condition_;
  WaitTree tree_;
  size_t size_ = 0;
  uint64_t highest_order_ = 0;  // that was ever added
  uint32_t search_ = 0;
  std::string encoded_;  // scratch of add()
};

}  // namespace stepwell::expr
