// Many waits differ in their literals only. What they share is their shape: it is parsed, compiled
// and planned once. Which shape a text has is seen from its tokens, without parsing it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/expr/error.h"
#include "engine/expr/expression.h"
#include "engine/expr/steady_array.h"
#include "engine/expr/wait_plan.h"

namespace stepwell::expr {

struct Shape {
  uint32_t waits = 0;            // conditions that have this shape
  uint32_t pattern = kNoRecord;  // what its text has in common with others
  std::string key;               // its pattern, and the literals that are part of it
  uint32_t literals = 0;
  Plan plan;
  // With kSlot in the place of literals; left out where the plan says it all.
  std::optional<Expression> expression;
  std::vector<uint32_t> link;  // its paths in the table of the index

  // Whether each "and" of the plan has something to look it up by.
  bool can_be_looked_up() const;
};

// The shapes of one index.
class WaitShapes {
 public:
  // The shape of `text`, and its literals, encoded, in `literals`. Adds the shape if it is new.
  Compiled<uint32_t> find(std::string_view text, std::string& literals);

  Shape& operator[](uint32_t shape) { return shapes_[shape]; }
  const Shape& operator[](uint32_t shape) const { return shapes_[shape]; }

  // Counts the conditions of a shape; the last one that goes takes the shape with it.
  void use(uint32_t shape) { ++shapes_[shape].waits; }
  void release(uint32_t shape);

  const PathTable& paths() const { return paths_; }

  // Paths that no shape reads any more stay until there are many; then they are numbered anew.
  // Returns the new number of each old path, or nothing when there was nothing to do.
  std::optional<std::vector<uint32_t>> renumber_paths();

 private:
  // What texts with the same tokens have in common, whatever their literals are. Some literals must
  // stay in the tree, such as the pattern of matches().
  struct Pattern {
    std::string key;
    std::vector<bool> stays;  // by number of the literal
    uint32_t shapes = 0;
  };
  struct Lifted;
  class Lifter;

  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Names = std::unordered_map<std::string, uint32_t, TextHash, std::equal_to<>>;

  Compiled<uint32_t> find_pattern(std::string_view text, const Lifted& lifted);
  Compiled<uint32_t> find_shape(std::string_view text, const Lifted& lifted, uint32_t pattern);
  // The shape of `text` with slots of these kinds for the literals at these places.
  Compiled<Shape> build(std::string_view text, const std::vector<Kind>& kinds,
                        const std::vector<uint32_t>& places);
  void drop_unused(uint32_t pattern);

  Pool<Pattern> patterns_;
  Names pattern_by_key_;
  Pool<Shape> shapes_;
  Names shape_by_key_;
  PathTable paths_;
  size_t shapes_alive_ = 0;
  size_t shapes_gone_ = 0;  // since the paths were numbered
};

}  // namespace stepwell::expr
