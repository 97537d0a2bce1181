// Finds the declarations outside functions: a small reader of braces, not a parser. It knows enough
// of the house style to tell functions, scopes and initialisers apart.
#pragma once

#include <optional>
#include <vector>

#include "tests/tidy/source_file.h"

namespace stepwell::tidy {

enum class DeclarationKind { kFunction, kClass, kOther };

struct Declaration {
  DeclarationKind kind = DeclarationKind::kOther;
  size_t begin = 0;  // offset of its first character, `template` included
  size_t end = 0;    // offset behind its head: of the `;` or `{`
  // Offsets of the braces around a function's body.
  size_t body_open = 0;
  size_t body_close = 0;
  bool is_in_class = false;
  bool is_public = true;  // false also inside `namespace detail` and unnamed namespaces

  bool has_body() const { return body_close > body_open; }
};

// In the order of the file. Classes come before their members.
std::vector<Declaration> find_declarations(const SourceFile& file);

// The offset of the first `=` outside brackets, of a default or an initialiser; nothing for
// operators such as `==` or the name `operator=`.
std::optional<size_t> find_assignment(std::string_view code);

}  // namespace stepwell::tidy
