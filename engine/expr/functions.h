// The function libraries: for every name what it computes and, as text, the types it takes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/expr/code.h"

namespace stepwell::expr {

// Sets of functions and macros that an expression may use.
enum Library : uint32_t {
  kStandardLibrary = 1U << 0,
  kStringsLibrary = 1U << 1,      // charAt, split, replace, format ...
  kMathLibrary = 1U << 2,         // math.greatest, math.ceil ...
  kEncodersLibrary = 1U << 3,     // base64.encode, base64.decode
  kBindingsLibrary = 1U << 4,     // cel.bind
  kTwoVariableLibrary = 1U << 5,  // all(k, v, p), transformList ...
  kOptionalsLibrary = 1U << 6,    // optional.of, a.?b ...
  kDialectLibrary = 1U << 7,      // lowercase, date, now ...
};
constexpr uint32_t kAllStrictLibraries = kStandardLibrary | kStringsLibrary | kMathLibrary |
                                         kEncodersLibrary | kBindingsLibrary | kTwoVariableLibrary |
                                         kOptionalsLibrary;
constexpr uint32_t kDialectLibraries = kStandardLibrary | kDialectLibrary;

struct FunctionEntry {
  std::string_view name;  // "size", "math.ceil"
  bool is_method;         // called as target.name(...)
  uint8_t min_args;       // with the target of a method
  uint8_t max_args;       // kAnyNumber: no bound
  bool is_pure;           // false: depends on more than its arguments (now)
  Function function;
  // Overloads for the checker, separated by "; ": "(string) -> int; (list<A>) -> int". A is any
  // type, "..." repeats the parameter before it.
  std::string_view overloads;
};
constexpr uint8_t kAnyNumber = 0xFF;

// One table per library, in the order of the text of its source file.
std::span<const FunctionEntry> standard_functions();
std::span<const FunctionEntry> time_functions();  // part of the standard library
std::span<const FunctionEntry> string_functions();
std::span<const FunctionEntry> math_functions();
std::span<const FunctionEntry> encoder_functions();
std::span<const FunctionEntry> optional_functions();
std::span<const FunctionEntry> dialect_functions();

// The function of that name and form in the libraries; nullptr if there is none. A name may have
// several entries with different numbers of arguments; `args` picks one.
const FunctionEntry* find_function(uint32_t libraries, std::string_view name, bool is_method,
                                   size_t args);
// Whether any function has that name and form, whatever its number of arguments.
bool is_function_name(uint32_t libraries, std::string_view name, bool is_method);

}  // namespace stepwell::expr
