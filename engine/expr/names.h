// What names mean: variables, types and functions, seen from a container.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/ast.h"
#include "engine/expr/expression.h"

namespace stepwell::expr {

// a.b.c as {"a", "b", "c"}; empty if the node is no plain chain of names.
std::vector<std::string_view> name_chain(const Node& node, bool& is_rooted);

// The names that `name` may stand for inside `container`, the innermost first.
std::vector<std::string> candidate_names(std::string_view container, std::string_view name,
                                         bool is_rooted);

// The first candidate that is a variable of `options`.
std::optional<std::string> find_variable(const CompileOptions& options, std::string_view name,
                                         bool is_rooted);
// The first candidate that is the name of a type: the text that type() gives for its values.
std::optional<std::string_view> find_type_name(const CompileOptions& options, std::string_view name,
                                               bool is_rooted);

// A chain of fields and constant indexes below a variable as one path; nothing for other trees. The
// name at its root must not be a variable of a macro.
std::optional<Path> path_of(const Node& node, const CompileOptions& options);

// For a.b.f(...): the function "a.b.f" if there is one and a is no variable.
std::optional<std::string> find_qualified_function(const CompileOptions& options, const Node& call);

// "undeclared reference to 'x'" with a hint for what it looks like.
CompileError undeclared(const CompileOptions& options, std::string_view text, size_t offset,
                        std::string_view name);

}  // namespace stepwell::expr
