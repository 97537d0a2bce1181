// Cases of CEL's conformance suite.
#pragma once

#include <string>

#include "engine/expr/types.h"
#include "engine/expr/value.h"
#include "schema/json.h"

namespace stepwell::expr {

// A value or a type as the test files write it, for example {"int64": "5"} and {"list": "int"}.
// What is no such thing (a protobuf message) becomes an error value, or the type "error".
Value read_test_value(JsonView json, Arena& arena);
Type read_test_type(JsonView json);

// The suite's equality of results: same kind, same value, NaN equals NaN.
bool same_result(const Value& got, const Value& wanted, Arena& arena);

std::string run_conformance_case(JsonView row);

}  // namespace stepwell::expr
