// The libraries beside the standard: strings, math, encoders, optionals.
#include <doctest/doctest.h>

#include "tests/expr/evaluate.h"

namespace stepwell::expr {

TEST_CASE("strings") {
  check_strict({
      {"'tacocat'.charAt(3)", "\"o\""},
      {"'tacocat'.charAt(7)", "\"\""},
      {"'tacocat'.charAt(8)", "error"},
      {"'a\\u00e9b'.charAt(1) == '\\u00e9'", "true"},
      {"'tacocat'.indexOf('ac')", "1"},
      {"'tacocat'.indexOf('a', 2)", "5"},
      {"'tacocat'.indexOf('x')", "-1"},
      {"'tacocat'.indexOf('', 3)", "3"},
      {"'tacocat'.indexOf('a', -1)", "error"},
      {"'tacocat'.lastIndexOf('at')", "5"},
      {"'tacocat'.lastIndexOf('a', 4)", "1"},
      {"'tacocat'.lastIndexOf('')", "7"},
      {"'TacoC\\u00c6t'.lowerAscii() == 'tacoc\\u00c6t'", "true"},
      {"'taco'.upperAscii()", "\"TACO\""},
      {"'aXbXc'.replace('X', '-')", "\"a-b-c\""},
      {"'aXbXc'.replace('X', '-', 1)", "\"a-bXc\""},
      {"'aXbXc'.replace('X', '-', 0)", "\"aXbXc\""},
      {"'ab'.replace('', '.')", "\".a.b.\""},
      {"'a,b,c'.split(',')", "[\"a\", \"b\", \"c\"]"},
      {"'a,b,c'.split(',', 2)", "[\"a\", \"b,c\"]"},
      {"'a,b'.split(',', 0)", "[]"},
      {"'abc'.split('')", "[\"a\", \"b\", \"c\"]"},
      {"'abc'.split('', 2)", "[\"a\", \"bc\"]"},
      {"''.split(',')", "[\"\"]"},
      {"['a', 'b'].join('-') + ['c'].join()", "\"a-bc\""},
      {"'hello'.substring(1, 3) + 'hello'.substring(4)", "\"elo\""},
      {"'hello'.substring(3, 2)", "error"},
      {"'hello'.substring(6)", "error"},
      {"'  \\u2003x y\\t '.trim()", "\"x y\""},
      {"'a\\u00e9b'.reverse() == 'b\\u00e9a'", "true"},
      {"strings.quote('a\"b\\n') == r'\"a\\\"b\\n\"'", "true"},
  });
}

TEST_CASE("format") {
  check_strict({
      {"'%s and %d%%'.format(['x', 5])", "\"x and 5%\""},
      {"'%.3f %f %.2e'.format([1.2345, 3u, 1052.03])", "\"1.234 3.000000 1.05e+03\""},
      {"'%b %o %x %X'.format([5, 8, 255, 255u])", "\"101 10 ff FF\""},
      {"'%x %x'.format(['az', b'\\x00\\xff'])", "\"617a 00ff\""},
      {"'%x'.format([-255])", "\"-ff\""},
      {"'%d %s'.format([double('NaN'), double('-Infinity')])", "\"NaN -Infinity\""},
      {"'%s'.format([[1, 'a', {'k': 2.5, 'b': null}]])", "\"[1, a, {b: null, k: 2.5}]\""},
      {"'%s'.format([type(1)])", "\"int\""},
      {"'%s %s'.format(['one'])", "error"},
      {"'%d'.format(['x'])", "error"},
      {"'%d'.format([1.5])", "error"},
      {"'%q'.format([1])", "error"},
      {"'%.999f'.format([1.0])", "error"},
      {"'%'.format([1])", "error"},
  });
}

TEST_CASE("math") {
  check_strict({
      {"math.greatest(1, 3, 2)", "3"},
      {"math.greatest(1, 2.5) == 2.5 && math.least(1u, -1) == -1", "true"},
      {"math.least([3, 1, 2])", "1"},
      {"math.greatest(dyn([]))", "error"},
      {"math.greatest(dyn('a'), 1)", "error"},
      {"[math.ceil(1.2), math.floor(-1.2), math.round(-1.5), math.trunc(-1.9)]", "[2, -2, -2, -1]"},
      {"math.ceil(dyn(1))", "error"},
      {"[math.abs(-5), math.sign(-5), math.sign(0)]", "[5, -1, 0]"},
      {"math.abs(-9223372036854775807 - 1)", "error"},
      {"math.isNaN(0.0 / 0.0) && math.isInf(1.0 / 0.0) && math.isFinite(1.0)", "true"},
      {"math.sqrt(16) + math.sqrt(9.0)", "7"},
      {"[math.bitAnd(6, 3), math.bitOr(6, 3), math.bitXor(6, 3), math.bitNot(0)]", "[2, 7, 5, -1]"},
      {"[math.bitShiftLeft(1, 4), math.bitShiftLeft(1, 64), math.bitShiftRight(-1, 63)]",
       "[16, 0, 1]"},
      {"math.bitShiftLeft(1, -1)", "error"},
  });
}

TEST_CASE("encoders") {
  check_strict({
      {"base64.encode(b'hello')", "\"aGVsbG8=\""},
      {"base64.decode('aGVsbG8=') == b'hello' && base64.decode('aGVsbG8') == b'hello'", "true"},
      {"base64.decode('a')", "error"},
      {"base64.decode('####')", "error"},
  });
}

TEST_CASE("optionals") {
  check_strict({
      {"optional.of(1).value() + optional.none().orValue(2)", "3"},
      {"optional.none().value()", "error"},
      {"optional.ofNonZeroValue(0).hasValue() || optional.ofNonZeroValue('').hasValue()", "false"},
      {"optional.of(null).hasValue()", "true"},
      {"optional.none().or(optional.of(5)).value()", "5"},
      {"{'a': {'b': 1}}.?a.?b.value()", "1"},
      {"{'a': {'b': 1}}.?x.b.hasValue()", "false"},
      {"[1][?0].value() + [1][?5].orValue(10)", "11"},
      {"[?optional.of(1), ?optional.none(), 2]", "[1, 2]"},
      {"{?'a': optional.of(1), ?'b': optional.none()}", "{\"a\": 1}"},
      {"optional.of(2).optMap(x, x + 1).value()", "3"},
      {"optional.none().optMap(x, x + 1).hasValue()", "false"},
      {"optional.of(2).optFlatMap(x, optional.of(x)).value()", "2"},
      {"optional.of(1) == optional.of(1) && optional.none() != optional.of(1)", "true"},
      {"has({'a': 1}.?a) && !has({'a': 1}.?b)", "true"},
      {"[?1]", "refused: an element marked with '?' must be optional"},
  });
}

TEST_CASE("libraries are switched one by one") {
  CompileOptions options;
  options.mode = Mode::kStrict;
  options.variables = {"x"};
  options.libraries = kStandardLibrary;
  for (const std::string_view text :
       {"'a'.charAt(0)", "math.ceil(1.0)", "base64.encode(b'')", "cel.bind(a, 1, a)",
        "[1].all(i, v, true)", "optional.none()", "x.?a", "now()"}) {
    CAPTURE(text);
    CHECK_FALSE(Expression::compile(text, options).ok());
  }
  options.libraries = kAllStrictLibraries;
  CHECK(Expression::compile("'a'.charAt(0)", options).ok());
}

}  // namespace stepwell::expr
