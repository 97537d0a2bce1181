#include "engine/expr/names.h"

#include <algorithm>
#include <array>

namespace stepwell::expr {
namespace {

constexpr std::array<std::string_view, 13> kTypeNames = {"bool",
                                                         "int",
                                                         "uint",
                                                         "double",
                                                         "string",
                                                         "bytes",
                                                         "list",
                                                         "map",
                                                         "null_type",
                                                         "type",
                                                         "google.protobuf.Timestamp",
                                                         "google.protobuf.Duration",
                                                         "optional_type"};

constexpr int64_t kMaxPathIndex = 10'000;  // beyond, a path would make every pass slow

bool is_variable(const CompileOptions& options, std::string_view name) {
  const auto& plain = options.variables;
  const auto& typed = options.environment.variables;
  return std::find(plain.begin(), plain.end(), name) != plain.end() ||
         std::any_of(typed.begin(), typed.end(),
                     [name](const VariableDeclaration& declared) { return declared.name == name; });
}

// Hex digits and dashes, at least a few of them: the beginning of a UUID or a hash.
bool looks_like_id(std::string_view text, size_t offset) {
  size_t length = 0;
  bool has_digit = false;
  while (offset + length < text.size()) {
    const char c = text[offset + length];
    const bool digit = c >= '0' && c <= '9';
    const bool hex = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!digit && !hex && c != '-') break;
    has_digit |= digit;
    ++length;
  }
  return length >= 8 && has_digit;
}

std::string quoted_hint(std::string_view text, size_t offset) {
  size_t end = offset;
  while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) ||
                               text[end] == '-' || text[end] == '_')) {
    ++end;
  }
  return "text needs quotes: '" + std::string(text.substr(offset, end - offset)) + "'";
}

}  // namespace

std::vector<std::string_view> name_chain(const Node& node, bool& is_rooted) {
  std::vector<std::string_view> names;
  const Node* part = &node;
  for (; part->kind == NodeKind::kSelect && !part->is_optional; part = part->target) {
    names.push_back(part->name);
  }
  if (part->kind != NodeKind::kIdent) return {};
  is_rooted = part->is_rooted;
  names.push_back(part->name);
  std::reverse(names.begin(), names.end());
  return names;
}

std::vector<std::string> candidate_names(std::string_view container, std::string_view name,
                                         bool is_rooted) {
  std::vector<std::string> candidates;
  while (!is_rooted && !container.empty()) {
    candidates.push_back(std::string(container) + "." + std::string(name));
    const size_t dot = container.rfind('.');
    container = dot == std::string_view::npos ? std::string_view() : container.substr(0, dot);
  }
  candidates.emplace_back(name);
  return candidates;
}

std::optional<std::string> find_variable(const CompileOptions& options, std::string_view name,
                                         bool is_rooted) {
  for (std::string& candidate : candidate_names(options.container, name, is_rooted)) {
    if (is_variable(options, candidate)) return std::move(candidate);
  }
  return std::nullopt;
}

std::optional<std::string_view> find_type_name(const CompileOptions& options, std::string_view name,
                                               bool is_rooted) {
  for (const std::string& candidate : candidate_names(options.container, name, is_rooted)) {
    const auto found = std::find(kTypeNames.begin(), kTypeNames.end(), candidate);
    if (found != kTypeNames.end()) return *found;
  }
  return std::nullopt;
}

std::optional<Path> path_of(const Node& node, const CompileOptions& options) {
  if (node.kind == NodeKind::kIdent) {
    auto name = find_variable(options, node.name, node.is_rooted);
    if (!name) return std::nullopt;
    return Path{std::move(*name), {}};
  }
  const Node* below = nullptr;
  PathStep step;
  if (node.kind == NodeKind::kSelect && !node.is_optional) {
    below = node.target;
    step = node.name;
  } else if (node.kind == NodeKind::kCall && node.op == Op::kIndex &&
             node.args[1]->kind == NodeKind::kLiteral) {
    const Literal& key = node.args[1]->literal;
    const auto* name = std::get_if<std::string>(&key);
    const auto* number = std::get_if<int64_t>(&key);
    if (!name && !(number && *number >= 0 && *number < kMaxPathIndex)) return std::nullopt;
    below = node.args[0];
    if (name) {
      step = *name;
    } else {
      step = static_cast<uint32_t>(*number);
    }
  } else {
    return std::nullopt;
  }
  auto path = path_of(*below, options);
  if (path) path->steps.push_back(std::move(step));
  return path;
}

std::optional<std::string> find_qualified_function(const CompileOptions& options,
                                                   const Node& call) {
  bool is_rooted = false;
  std::string name;
  if (call.target) {
    for (const std::string_view part : name_chain(*call.target, is_rooted)) {
      (name += part) += '.';
    }
    if (name.empty()) return std::nullopt;
  } else {
    is_rooted = call.is_rooted;
  }
  name += call.name;
  for (std::string& candidate : candidate_names(options.container, name, is_rooted)) {
    if (is_function_name(options.libraries, candidate, false)) return std::move(candidate);
    for (const FunctionDeclaration& declared : options.environment.functions) {
      if (declared.name == candidate) return std::move(candidate);
    }
  }
  return std::nullopt;
}

CompileError undeclared(const CompileOptions& options, std::string_view text, size_t offset,
                        std::string_view name) {
  std::string hint;
  if (looks_like_id(text, offset)) {
    hint = quoted_hint(text, offset);
  } else if (options.mode == Mode::kDialect &&
             (name == "data" || name == "user" || name == "ts" || name == "id" || name == "name")) {
    hint = "fields of the event are written event." + std::string(name);
  } else if (name == "True" || name == "False" || name == "None" || name == "undefined" ||
             name == "nil") {
    hint = "the constants are true, false and null";
  } else if (name == "not") {
    hint = "'not' is written !";
  } else if (!options.variables.empty()) {
    hint = "there are: ";
    for (size_t i = 0; i < options.variables.size(); ++i) {
      hint += (i == 0 ? "" : ", ") + options.variables[i];
    }
    hint += "; text needs quotes: '" + std::string(name) + "'";
  }
  return make_error(text, offset, "undeclared reference to '" + std::string(name) + "'", hint);
}

}  // namespace stepwell::expr
