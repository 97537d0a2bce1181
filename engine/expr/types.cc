#include "engine/expr/types.h"

#include <array>
#include <string_view>
#include <utility>

namespace stepwell::expr {

Type Type::list(Type item) {
  Type type(TypeKind::kList);
  type.parameters.push_back(std::move(item));
  return type;
}

Type Type::map(Type key, Type value) {
  Type type(TypeKind::kMap);
  type.parameters.push_back(std::move(key));
  type.parameters.push_back(std::move(value));
  return type;
}

Type Type::abstract(std::string name, std::vector<Type> parameters) {
  Type type(TypeKind::kAbstract);
  type.name = std::move(name);
  type.parameters = std::move(parameters);
  return type;
}

Type Type::parameter(std::string name) {
  Type type(TypeKind::kParameter);
  type.name = std::move(name);
  return type;
}

std::string type_text(const Type& type) {
  static constexpr std::array<std::string_view, 18> kNames = {
      "dyn",       "error",    "null", "bool", "int",  "uint",    "double", "string", "bytes",
      "timestamp", "duration", "list", "map",  "type", "wrapper", "",       "",       "dyn"};
  std::string text(kNames[static_cast<size_t>(type.kind)]);
  if (type.kind == TypeKind::kAbstract || type.kind == TypeKind::kParameter) text = type.name;
  if (type.parameters.empty()) return text;
  for (size_t i = 0; i < type.parameters.size(); ++i) {
    text += (i == 0 ? "(" : ", ") + type_text(type.parameters[i]);
  }
  return text + ")";
}

}  // namespace stepwell::expr
