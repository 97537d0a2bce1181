// Finds out what unknown types stand for: the algebra below the checker.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/expr/types.h"

namespace stepwell::expr {

class TypeSolver {
 public:
  // A type that is not known yet.
  Type fresh_variable();

  // `type` with its parameters replaced: the same parameter by the same fresh variable.
  struct Renaming {
    std::vector<std::pair<std::string, Type>> variables;
  };
  Type instantiate(const Type& type, Renaming& renaming);

  // Whether a value of type `from` may stand where `to` is wanted; learns what variables stand for.
  // If it may not, nothing is learned. dyn fits everywhere.
  bool assign(const Type& to, const Type& from);
  bool assign_all(const std::vector<Type>& to, const std::vector<Type>& from);

  // A type for values of both: the more general one, or dyn.
  Type join(const Type& left, const Type& right);

  // What is known of `type`; unsolved variables stay.
  Type resolve(const Type& type) const;
  // The same with dyn for what stayed unknown.
  Type finish(const Type& type) const;

 private:
  bool try_assign(const Type& to, const Type& from);
  bool bind(const Type& variable, const Type& type);
  bool assign_parameters(const Type& to, const Type& from);
  bool occurs(uint32_t variable, const Type& type) const;
  static bool is_more_general(const Type& left, const Type& right);
  Type substitute(const Type& type, bool unknown_is_dyn) const;

  void set(uint32_t variable, Type type);
  void undo(size_t changes);

  std::vector<std::optional<Type>> bindings_;
  std::vector<std::pair<uint32_t, std::optional<Type>>> changes_;  // variable, what it was before
};

}  // namespace stepwell::expr
