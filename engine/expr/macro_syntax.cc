#include "engine/expr/macro_syntax.h"

#include <iterator>
#include <string_view>
#include <utility>

namespace stepwell::expr {
namespace {

enum class Library : uint8_t { kCore, kTwoVariable, kOptionals };

struct MacroForm {
  std::string_view name;
  size_t variables;
  size_t args;  // behind the variables
  Macro macro;
  Library library;
};

constexpr MacroForm kMethodMacros[] = {
    {"all", 1, 1, Macro::kAll, Library::kCore},
    {"exists", 1, 1, Macro::kExists, Library::kCore},
    {"exists_one", 1, 1, Macro::kExistsOne, Library::kCore},
    {"existsOne", 1, 1, Macro::kExistsOne, Library::kCore},
    {"map", 1, 1, Macro::kMap, Library::kCore},
    {"map", 1, 2, Macro::kMap, Library::kCore},
    {"filter", 1, 1, Macro::kFilter, Library::kCore},
    {"all", 2, 1, Macro::kAll, Library::kTwoVariable},
    {"exists", 2, 1, Macro::kExists, Library::kTwoVariable},
    {"exists_one", 2, 1, Macro::kExistsOne, Library::kTwoVariable},
    {"existsOne", 2, 1, Macro::kExistsOne, Library::kTwoVariable},
    {"transformList", 2, 1, Macro::kTransformList, Library::kTwoVariable},
    {"transformList", 2, 2, Macro::kTransformList, Library::kTwoVariable},
    {"transformMap", 2, 1, Macro::kTransformMap, Library::kTwoVariable},
    {"transformMap", 2, 2, Macro::kTransformMap, Library::kTwoVariable},
    {"transformMapEntry", 2, 1, Macro::kTransformMapEntry, Library::kTwoVariable},
    {"transformMapEntry", 2, 2, Macro::kTransformMapEntry, Library::kTwoVariable},
    {"optMap", 1, 1, Macro::kOptMap, Library::kOptionals},
    {"optFlatMap", 1, 1, Macro::kOptFlatMap, Library::kOptionals},
};

bool is_available(Library library, const ParseOptions& options) {
  switch (library) {
    case Library::kCore:
      return true;
    case Library::kTwoVariable:
      return options.with_two_variable;
    case Library::kOptionals:
      return options.with_optionals;
  }
  return false;
}

std::optional<MacroProblem> take_variables(Node& call, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const Node& arg = *call.args[i];
    if (arg.kind != NodeKind::kIdent || arg.is_rooted) {
      return MacroProblem{arg.offset, "the variable of " + call.name + "() must be a plain name"};
    }
    if (i == 1 && arg.name == call.args[0]->name) {
      return MacroProblem{arg.offset, "the two variables of " + call.name + "() need two names"};
    }
  }
  for (size_t i = 0; i < count; ++i) call.variables.push_back(call.args[i]->name);
  call.args.erase(call.args.begin(), call.args.begin() + static_cast<std::ptrdiff_t>(count));
  return std::nullopt;
}

void become(Node& call, Macro macro) {
  call.kind = NodeKind::kMacro;
  call.macro = macro;
}

std::optional<MacroProblem> recognise_method(Node& call, const ParseOptions& options) {
  for (const MacroForm& form : kMethodMacros) {
    if (form.name != call.name || call.args.size() != form.variables + form.args) continue;
    if (!is_available(form.library, options)) continue;
    if (auto problem = take_variables(call, form.variables)) return problem;
    become(call, form.macro);
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<MacroProblem> recognise_macro(Node& call, const ParseOptions& options) {
  if (!call.target) {
    if (call.name != "has" || call.args.size() != 1) return std::nullopt;
    if (call.args[0]->kind != NodeKind::kSelect) {
      return MacroProblem{call.args[0]->offset, "has() takes a field: has(event.data.name)"};
    }
    become(call, Macro::kHas);
    return std::nullopt;
  }
  const bool is_bind = options.with_bindings && call.name == "bind" &&
                       call.target->kind == NodeKind::kIdent && call.target->name == "cel" &&
                       call.args.size() == 3;
  if (!is_bind) return recognise_method(call, options);
  if (auto problem = take_variables(call, 1)) return problem;
  become(call, Macro::kBind);
  call.target = nullptr;
  return std::nullopt;
}

}  // namespace stepwell::expr
