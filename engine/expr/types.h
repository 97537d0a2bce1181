// Static types, as the checker deduces them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stepwell::expr {

enum class TypeKind : uint8_t {
  kDyn,
  kError,
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kList,       // of parameters[0]
  kMap,        // from parameters[0] to parameters[1]
  kType,       // of parameters[0]
  kWrapper,    // parameters[0] or null
  kAbstract,   // `name`, such as optional_type, of its parameters
  kParameter,  // `name`: stands for one type in a declaration
  kVariable,   // number `variable` of the checker: not known yet
};

struct Type {
  TypeKind kind = TypeKind::kDyn;
  std::string name;
  std::vector<Type> parameters;
  uint32_t variable = 0;

  Type() = default;
  Type(TypeKind type_kind) : kind(type_kind) {}  // NOLINT: implicit, it reads better
  static Type list(Type item);
  static Type map(Type key, Type value);
  static Type abstract(std::string name, std::vector<Type> parameters);
  static Type parameter(std::string name);

  bool operator==(const Type&) const = default;
};

// "list(int)", "map(string, dyn)".
std::string type_text(const Type& type);

struct VariableDeclaration {
  std::string name;
  Type type;
};

struct Overload {
  std::vector<Type> parameters;
  Type result;
  bool is_method = false;
  bool repeats_last = false;  // any number of arguments of the last parameter's type
};

struct FunctionDeclaration {
  std::string name;
  std::vector<Overload> overloads;
};

}  // namespace stepwell::expr
