#include "engine/expr/type_solver.h"

#include <algorithm>
#include <utility>

namespace stepwell::expr {
namespace {

bool is_any(const Type& type) {
  return type.kind == TypeKind::kDyn || type.kind == TypeKind::kError;
}

// Types that hold null beside their values.
bool is_nullable(const Type& type) {
  return type.kind == TypeKind::kWrapper || type.kind == TypeKind::kTimestamp ||
         type.kind == TypeKind::kDuration || type.kind == TypeKind::kAbstract;
}

}  // namespace

Type TypeSolver::fresh_variable() {
  Type type(TypeKind::kVariable);
  type.variable = static_cast<uint32_t>(bindings_.size());
  bindings_.emplace_back();
  return type;
}

Type TypeSolver::instantiate(const Type& type, Renaming& renaming) {
  if (type.kind == TypeKind::kParameter) {
    for (const auto& [name, variable] : renaming.variables) {
      if (name == type.name) return variable;
    }
    return renaming.variables.emplace_back(type.name, fresh_variable()).second;
  }
  Type copy = type;
  for (Type& parameter : copy.parameters) parameter = instantiate(parameter, renaming);
  return copy;
}

bool TypeSolver::assign(const Type& to, const Type& from) {
  const size_t before = changes_.size();
  if (try_assign(to, from)) return true;
  undo(before);
  return false;
}

bool TypeSolver::assign_all(const std::vector<Type>& to, const std::vector<Type>& from) {
  if (to.size() != from.size()) return false;
  const size_t before = changes_.size();
  for (size_t i = 0; i < to.size(); ++i) {
    if (try_assign(to[i], from[i])) continue;
    undo(before);
    return false;
  }
  return true;
}

void TypeSolver::set(uint32_t variable, Type type) {
  changes_.emplace_back(variable, std::move(bindings_[variable]));
  bindings_[variable] = std::move(type);
}

void TypeSolver::undo(size_t changes) {
  for (; changes_.size() > changes; changes_.pop_back()) {
    bindings_[changes_.back().first] = std::move(changes_.back().second);
  }
}

bool TypeSolver::try_assign(const Type& to, const Type& from) {
  if (to.kind == TypeKind::kVariable) {
    if (from.kind == TypeKind::kVariable && from.variable == to.variable) return true;
    return bind(to, from);
  }
  if (from.kind == TypeKind::kVariable) return bind(from, to);
  if (is_any(to) || is_any(from)) return true;
  if (to.kind == TypeKind::kWrapper && from.kind != TypeKind::kWrapper) {
    return from.kind == TypeKind::kNull || try_assign(to.parameters[0], from);
  }
  if (from.kind == TypeKind::kWrapper && to.kind != TypeKind::kWrapper) {
    return to.kind == TypeKind::kNull || try_assign(to, from.parameters[0]);
  }
  if (from.kind == TypeKind::kNull && is_nullable(to)) return true;
  if (to.kind == TypeKind::kNull && is_nullable(from)) return true;
  return to.kind == from.kind && to.name == from.name && assign_parameters(to, from);
}

bool TypeSolver::assign_parameters(const Type& to, const Type& from) {
  if (to.kind == TypeKind::kType) return true;  // types are compared as values
  if (to.parameters.size() != from.parameters.size()) return false;
  for (size_t i = 0; i < to.parameters.size(); ++i) {
    if (!try_assign(to.parameters[i], from.parameters[i])) return false;
  }
  return true;
}

// A variable that already stands for a type keeps the more general of the two.
bool TypeSolver::bind(const Type& variable, const Type& type) {
  std::optional<Type> known = bindings_[variable.variable];
  if (!known) {
    const Type resolved = resolve(type);
    if (resolved.kind == TypeKind::kVariable && resolved.variable == variable.variable) return true;
    if (occurs(variable.variable, resolved)) return false;
    set(variable.variable, resolved);
    return true;
  }
  if (!try_assign(*known, type)) return false;
  const Type left = resolve(*known);
  const Type right = resolve(type);
  const Type& general = is_more_general(right, left) ? right : left;
  if (!occurs(variable.variable, general)) set(variable.variable, general);
  return true;
}

bool TypeSolver::occurs(uint32_t variable, const Type& type) const {
  if (type.kind == TypeKind::kVariable) {
    if (type.variable == variable) return true;
    const auto& known = bindings_[type.variable];
    return known && occurs(variable, *known);
  }
  return std::any_of(type.parameters.begin(), type.parameters.end(),
                     [&](const Type& parameter) { return occurs(variable, parameter); });
}

bool TypeSolver::is_more_general(const Type& left, const Type& right) {
  if (left.kind == TypeKind::kDyn) return true;
  if (right.kind == TypeKind::kDyn) return false;
  if (left.kind == TypeKind::kVariable) return false;  // the other one says more and is as wide
  if (right.kind == TypeKind::kVariable) return true;
  if (left.kind == TypeKind::kWrapper && right.kind != TypeKind::kWrapper) return true;
  if (left.kind != right.kind || left.parameters.size() != right.parameters.size()) return false;
  for (size_t i = 0; i < left.parameters.size(); ++i) {
    if (!is_more_general(left.parameters[i], right.parameters[i]) &&
        left.parameters[i] != right.parameters[i]) {
      return false;
    }
  }
  return !left.parameters.empty();
}

Type TypeSolver::join(const Type& left, const Type& right) {
  const Type known_left = resolve(left);
  const Type known_right = resolve(right);
  if (known_left.kind == TypeKind::kError) return known_right;
  if (known_right.kind == TypeKind::kError) return known_left;
  if (!assign(known_left, known_right)) return Type(TypeKind::kDyn);
  const Type solved_left = resolve(known_left);
  const Type solved_right = resolve(known_right);
  if (solved_left == solved_right) return solved_left;
  return is_more_general(solved_right, solved_left) ? solved_right : solved_left;
}

Type TypeSolver::substitute(const Type& type, bool unknown_is_dyn) const {
  if (type.kind == TypeKind::kVariable) {
    const auto& known = bindings_[type.variable];
    if (known) return substitute(*known, unknown_is_dyn);
    return unknown_is_dyn ? Type(TypeKind::kDyn) : type;
  }
  if (type.kind == TypeKind::kParameter && unknown_is_dyn) return Type(TypeKind::kDyn);
  Type copy = type;
  for (Type& parameter : copy.parameters) parameter = substitute(parameter, unknown_is_dyn);
  return copy;
}

Type TypeSolver::resolve(const Type& type) const {
  return substitute(type, false);
}
Type TypeSolver::finish(const Type& type) const {
  return substitute(type, true);
}

}  // namespace stepwell::expr
