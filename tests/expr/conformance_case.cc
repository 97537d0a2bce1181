#include "tests/expr/conformance_case.h"

#include <cmath>
#include <cstdlib>

#include "engine/expr/base64.h"
#include "engine/expr/expression.h"
#include "engine/expr/timestamp.h"

namespace stepwell::expr {
namespace {

std::string text_of(const std::optional<JsonView>& json) {
  return json ? json->as_string().value_or("") : "";
}

bool flag_of(JsonView row, std::string_view name) {
  const auto found = row.find(name);
  return found && found->as_bool().value_or(false);
}

int64_t integer_of(const std::string& text) {
  return std::strtoll(text.c_str(), nullptr, 10);
}

Value read_list(JsonView json, Arena& arena) {
  std::vector<Value> items;
  for (JsonElements it = json.elements(); it.next();) {
    items.push_back(read_test_value(it.value(), arena));
  }
  Value* stored = arena.allocate<Value>(items.size());
  std::copy(items.begin(), items.end(), stored);
  return Value::list({stored, items.size()});
}

Value read_map(JsonView json, Arena& arena) {
  std::vector<MapEntry> entries;
  for (JsonElements it = json.elements(); it.next();) {
    JsonElements pair = it.value().elements();
    MapEntry entry;
    if (pair.next()) entry.key = read_test_value(pair.value(), arena);
    if (pair.next()) entry.value = read_test_value(pair.value(), arena);
    entries.push_back(entry);
  }
  MapEntry* stored = arena.allocate<MapEntry>(entries.size());
  std::copy(entries.begin(), entries.end(), stored);
  const auto map = make_map(std::span<const MapEntry>(stored, entries.size()), arena);
  return map ? *map : Value::error("duplicate keys in a test");
}

double double_of(const std::string& text) {
  if (text == "NaN") return std::nan("");
  return std::strtod(text.c_str(), nullptr);
}

Value read_time(JsonView json, bool is_timestamp) {
  const int64_t seconds = integer_of(text_of(json.find("seconds")));
  const int64_t nanos = json.find("nanos") ? json.find("nanos")->as_int64().value_or(0) : 0;
  if (is_timestamp) return make_timestamp(seconds, nanos);
  return Value::duration(seconds * kNanosPerSecond + nanos);
}

struct Scalar {
  std::string_view name;
  Value (*read)(JsonView json, Arena& arena);
};

constexpr Scalar kForms[] = {
    {"null", [](JsonView, Arena&) { return Value::null(); }},
    {"bool", [](JsonView json, Arena&) { return Value::boolean(json.as_bool().value_or(false)); }},
    {"int64", [](JsonView json, Arena&) { return Value::integer(integer_of(text_of(json))); }},
    {"uint64",
     [](JsonView json, Arena&) {
       return Value::natural(std::strtoull(text_of(json).c_str(), nullptr, 10));
     }},
    {"double", [](JsonView json, Arena&) { return Value::number(double_of(text_of(json))); }},
    {"string",
     [](JsonView json, Arena& arena) { return Value::string(arena.copy(text_of(json))); }},
    {"bytes",
     [](JsonView json, Arena& arena) {
       return Value::bytes(arena.copy(decode_base64_lenient(text_of(json)).bytes));
     }},
    {"list", read_list},
    {"map", read_map},
    {"type", [](JsonView json, Arena& arena) { return Value::type(arena.copy(text_of(json))); }},
    {"timestamp", [](JsonView json, Arena&) { return read_time(json, true); }},
    {"duration", [](JsonView json, Arena&) { return read_time(json, false); }},
};

bool same_maps(const Value& got, const Value& wanted, Arena& arena) {
  const auto& got_map = map_entries(got, arena);
  const auto& wanted_map = map_entries(wanted, arena);
  if (got_map.entries.size() != wanted_map.entries.size()) return false;
  for (const MapEntry& entry : wanted_map.entries) {
    const auto found = map_find(Value::map(&got_map), entry.key, arena);
    if (!found || !same_result(*found, entry.value, arena)) return false;
  }
  return true;
}

bool same_lists(const Value& got, const Value& wanted, Arena& arena) {
  const auto got_items = list_items(got, arena);
  const auto wanted_items = list_items(wanted, arena);
  if (got_items.size() != wanted_items.size()) return false;
  for (size_t i = 0; i < got_items.size(); ++i) {
    if (!same_result(got_items[i], wanted_items[i], arena)) return false;
  }
  return true;
}

struct NamedType {
  std::string_view name;
  TypeKind kind;
};
constexpr NamedType kNamedTypes[] = {
    {"bool", TypeKind::kBool},         {"int", TypeKind::kInt},
    {"uint", TypeKind::kUint},         {"double", TypeKind::kDouble},
    {"string", TypeKind::kString},     {"bytes", TypeKind::kBytes},
    {"null_type", TypeKind::kNull},    {"dyn", TypeKind::kDyn},
    {"any", TypeKind::kDyn},           {"timestamp", TypeKind::kTimestamp},
    {"duration", TypeKind::kDuration}, {"error", TypeKind::kError},
};

Type named_type(std::string_view name) {
  for (const NamedType& named : kNamedTypes) {
    if (named.name == name) return Type(named.kind);
  }
  return Type(TypeKind::kError);
}

std::vector<Type> read_types(JsonView json) {
  std::vector<Type> types;
  for (JsonElements it = json.elements(); it.next();) types.push_back(read_test_type(it.value()));
  return types;
}

Overload read_overload(JsonView json) {
  Overload overload;
  if (const auto parameters = json.find("params")) overload.parameters = read_types(*parameters);
  if (const auto result = json.find("result")) overload.result = read_test_type(*result);
  overload.is_method = flag_of(json, "instance");
  return overload;
}

void read_environment(JsonView declarations, TypeEnvironment& environment) {
  for (JsonElements it = declarations.elements(); it.next();) {
    const JsonView declared = it.value();
    const std::string name = text_of(declared.find("name"));
    if (const auto type = declared.find("ident")) {
      environment.variables.push_back({name, read_test_type(*type)});
      continue;
    }
    FunctionDeclaration function{name, {}};
    if (const auto overloads = declared.find("overloads")) {
      for (JsonElements each = overloads->elements(); each.next();) {
        function.overloads.push_back(read_overload(each.value()));
      }
    }
    environment.functions.push_back(std::move(function));
  }
}

CompileOptions read_options(JsonView row) {
  CompileOptions options;
  options.mode = Mode::kStrict;
  options.variables.clear();
  options.libraries = kAllStrictLibraries;
  options.container = text_of(row.find("container"));
  options.with_macros = !flag_of(row, "disable_macros");
  options.with_checker = !flag_of(row, "disable_check");
  if (const auto declarations = row.find("type_env")) {
    read_environment(*declarations, options.environment);
  }
  if (const auto bindings = row.find("bindings")) {
    // Without a checker nothing declares them.
    for (JsonMembers it = bindings->members(); it.next();) options.variables.push_back(it.key());
  }
  return options;
}

std::string compare_type(const Expression& expression, JsonView wanted) {
  const Type type = read_test_type(wanted);
  if (expression.type() == type) return "";
  return "type " + type_text(expression.type()) + " instead of " + type_text(type);
}

std::string compare_value(const Expression& expression, JsonView row, JsonView expect) {
  Arena arena;
  Bindings bindings;
  std::vector<std::string> names;  // keeps the names alive
  if (const auto values = row.find("bindings")) {
    for (JsonMembers it = values->members(); it.next();) names.push_back(it.key());
    size_t i = 0;
    for (JsonMembers it = values->members(); it.next(); ++i) {
      bindings.set(names[i], read_test_value(it.value(), arena));
    }
  }
  const Value got = expression.evaluate(bindings, arena);
  const auto value = expect.find("value");
  if (!value) return got.is_error() ? "" : describe(got, arena) + " instead of an error";
  const Value wanted = read_test_value(*value, arena);
  if (same_result(got, wanted, arena)) return "";
  return describe(got, arena) + " instead of " + describe(wanted, arena);
}

}  // namespace

Value read_test_value(JsonView json, Arena& arena) {
  for (const Scalar& form : kForms) {
    if (const auto found = json.find(form.name)) return form.read(*found, arena);
  }
  return Value::error("no value of the language");
}

bool same_result(const Value& got, const Value& wanted, Arena& arena) {
  if (got.kind() != wanted.kind()) return false;
  if (got.is(Kind::kDouble)) {
    return got.as_double() == wanted.as_double() ||
           (std::isnan(got.as_double()) && std::isnan(wanted.as_double()));
  }
  if (got.is(Kind::kList)) return same_lists(got, wanted, arena);
  if (got.is(Kind::kMap)) return same_maps(got, wanted, arena);
  return equals(got, wanted, arena);
}

Type read_test_type(JsonView json) {
  if (const auto name = json.as_string()) return named_type(*name);
  if (const auto name = json.find("wkt")) return named_type(text_of(name));
  if (const auto item = json.find("list")) return Type::list(read_test_type(*item));
  if (const auto name = json.find("param")) return Type::parameter(text_of(name));
  if (const auto pair = json.find("map")) {
    const auto types = read_types(*pair);
    return types.size() == 2 ? Type::map(types[0], types[1]) : Type(TypeKind::kError);
  }
  if (const auto inner = json.find("wrapper")) {
    Type type(TypeKind::kWrapper);
    type.parameters.push_back(read_test_type(*inner));
    return type;
  }
  if (const auto inner = json.find("type")) {
    Type type(TypeKind::kType);
    type.parameters.push_back(read_test_type(*inner));
    return type;
  }
  if (const auto parts = json.find("abstract")) {
    JsonElements it = parts->elements();
    std::string name;
    if (it.next()) name = it.value().as_string().value_or("");
    return Type::abstract(name, it.next() ? read_types(it.value()) : std::vector<Type>());
  }
  return Type(TypeKind::kError);
}

std::string run_conformance_case(JsonView row) {
  const auto expect = row.find("expect");
  if (!expect) return "the case expects nothing";
  const CompileOptions options = read_options(row);
  const std::string text = text_of(row.find("expr"));
  const bool wants_error = expect->find("error") || expect->find("any_error");
  const auto expression = Expression::compile(text, options);
  if (!expression) return wants_error ? "" : expression.error().to_string();
  if (const auto type = expect->find("type")) {
    if (std::string problem = compare_type(*expression, *type); !problem.empty()) return problem;
    if (!expect->find("value")) return "";
  }
  if (flag_of(row, "check_only")) return wants_error ? "compiles instead of an error" : "";
  return compare_value(*expression, row, *expect);
}

}  // namespace stepwell::expr
