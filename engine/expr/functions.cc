#include "engine/expr/functions.h"

#include <array>

namespace stepwell::expr {
namespace {

struct LibraryTable {
  uint32_t library;
  std::span<const FunctionEntry> (*functions)();
};

constexpr std::array<LibraryTable, 7> kTables = {{
    {kStandardLibrary, standard_functions},
    {kStandardLibrary, time_functions},
    {kStringsLibrary, string_functions},
    {kMathLibrary, math_functions},
    {kEncodersLibrary, encoder_functions},
    {kOptionalsLibrary, optional_functions},
    {kDialectLibrary, dialect_functions},
}};

template <typename Accept>
const FunctionEntry* search(uint32_t libraries, Accept accept) {
  for (const LibraryTable& table : kTables) {
    if ((table.library & libraries) == 0) continue;
    for (const FunctionEntry& entry : table.functions()) {
      if (accept(entry)) return &entry;
    }
  }
  return nullptr;
}

}  // namespace

const FunctionEntry* find_function(uint32_t libraries, std::string_view name, bool is_method,
                                   size_t args) {
  return search(libraries, [&](const FunctionEntry& entry) {
    return entry.name == name && entry.is_method == is_method && args >= entry.min_args &&
           (entry.max_args == kAnyNumber || args <= entry.max_args);
  });
}

bool is_function_name(uint32_t libraries, std::string_view name, bool is_method) {
  return search(libraries, [&](const FunctionEntry& entry) {
           return entry.name == name && entry.is_method == is_method;
         }) != nullptr;
}

}  // namespace stepwell::expr
