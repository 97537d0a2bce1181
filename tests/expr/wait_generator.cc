#include "tests/expr/wait_generator.h"

#include <array>
#include <string_view>

namespace stepwell::expr {
namespace {

using namespace std::string_view_literals;

constexpr std::array kTexts = {"a"sv,       "ab"sv,      "abc"sv, ""sv,     "b"sv,  "b\\\"c"sv,
                               "line\\n"sv, "\\u00e9"sv, "1"sv,   "true"sv, "zz"sv, "a\\\\"sv};
constexpr std::array kNumbers = {"0"sv,
                                 "1"sv,
                                 "2"sv,
                                 "3"sv,
                                 "-1"sv,
                                 "-2.5"sv,
                                 "1.5"sv,
                                 "100"sv,
                                 "9007199254740993"sv,
                                 "9007199254740992"sv,
                                 "9007199254740991"sv,
                                 "1e300"sv};
// Literals that no JSON has.
constexpr std::array kOtherNumbers = {
    "3u"sv,   "0u"sv,   "9223372036854775807"sv,   "-9223372036854775808"sv,
    "0x10"sv, "-0.0"sv, "18446744073709551615u"sv, "1.0"sv};
constexpr std::array kOrders = {"<"sv, "<="sv, ">"sv, ">="sv};
constexpr std::array kEqualities = {"=="sv, "=="sv, "=="sv, "!="sv};

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

}  // namespace

std::string WaitGenerator::field() {
  const size_t number = pick(theme.fields + 1);
  if (number == theme.fields) {
    constexpr std::array kOdd = {"async.data.o.k"sv, "async.data.list[0]"sv, "async.data[\"f0\"]"sv,
                                 "async.user"sv,     "event.data.gone"sv,    "async.data.list"sv,
                                 "async.data.o"sv};
    return std::string(kOdd[pick(kOdd.size())]);
  }
  return "async.data.f" + std::to_string(number);
}

std::string WaitGenerator::text() {
  const size_t number = pick(theme.values);
  if (number < kTexts.size()) return quoted(kTexts[number]);
  return quoted("id-" + std::to_string(number));
}

std::string WaitGenerator::number() {
  if (one_in(12)) return std::string(kOtherNumbers[pick(kOtherNumbers.size())]);
  const size_t number = pick(theme.values);
  if (number < kNumbers.size()) return std::string(kNumbers[number]);
  return std::to_string(number);
}

std::string WaitGenerator::literal() {
  constexpr std::array kFew = {"null"sv, "true"sv, "false"sv};
  const size_t kind = pick(10);
  if (kind == 0) return std::string(kFew[pick(kFew.size())]);
  return kind < 6 ? text() : number();
}

std::string WaitGenerator::list() {
  std::string items = literal();
  for (size_t i = pick(4); i > 0; --i) items += ", " + literal();
  return "[" + items + "]";
}

std::string WaitGenerator::comparison() {
  const std::string equality(kEqualities[pick(kEqualities.size())]);
  const std::string order(kOrders[pick(kOrders.size())]);
  switch (pick(14)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return field() + " " + equality + " " + literal();
    case 4:
    case 5:
      return literal() + " " + equality + " " + field();
    case 6:
    case 7:
      return field() + " " + order + " " + literal();
    case 8:
      return literal() + " " + order + " " + field();
    case 9:
      return field() + " in " + list();
    case 10:
      return literal() + " in " + field();
    case 11:
      return "has(async.data.f" + std::to_string(pick(theme.fields)) + ")";
    case 12:
      return field() + ".startsWith(" + text() + ")";
    default: {
      const std::string same = field();
      return same + " >= " + number() + " && " + same + " < " + number();
    }
  }
}

std::string WaitGenerator::special() {
  switch (pick(16)) {
    case 0:
      return field();
    case 1:
      return "!" + field();
    case 2:
      return field() + " == " + field();
    case 3:
      return field() + ".contains(" + text() + ")";
    case 4:
      return field() + ".matches(" + (one_in(2) ? "'^a.'" : "'b|[0-9]+'") + ")";
    case 5:
      return "async.data.list.exists(x, x == " + literal() + ")";
    case 6:
      return field() + " + " + literal() + " == " + literal();
    case 7:
      return field() + " - " + text() + " > 1";
    case 8:
      return "1 / (" + field() + " - " + number() + ") > 0";
    case 9:
      return "now() > timestamp(\"2020-01-01T00:00:00Z\")";
    case 10:
      return "size(" + field() + ") " + (one_in(2) ? "== " : "< ") + number();
    case 11:
      return "b'a' == " + field();
    case 12:
      return "date(" + field() + ") > timestamp(\"2020-01-0" + std::to_string(1 + pick(9)) +
             "T00:00:00Z\")";
    case 13:
      return literal();
    case 14:
      return "[1, 'a'] == " + field();
    default:
      return "lowercase(" + field() + ") == " + text();
  }
}

std::string WaitGenerator::conjunction(int depth) {
  std::string all = theme.has_common ? "async.data.f0 == \"a\"" : condition(depth);
  for (size_t i = pick(3) + (theme.has_common ? 1 : 0); i > 0; --i) {
    all += " && " + condition(depth);
  }
  return all;
}

std::string WaitGenerator::condition(int depth) {
  if (theme.is_plain) return comparison();
  if (one_in(9)) return special();
  switch (depth <= 0 ? 0 : pick(8)) {
    case 1:
      return "(" + conjunction(depth - 1) + ")";
    case 2:
    case 3:
      return "(" + condition(depth - 1) + " || " + condition(depth - 1) +
             (one_in(3) ? " || " + condition(depth - 1) : "") + ")";
    case 4:
      return "!(" + condition(depth - 1) + ")";
    case 5:
      return "(" + condition(depth - 1) + " ? " + condition(depth - 1) + " : " +
             condition(depth - 1) + ")";
    default:
      return "(" + comparison() + ")";
  }
}

std::string WaitGenerator::condition() {
  if (theme.has_common) return conjunction(theme.is_plain ? 0 : 1);
  return one_in(2) ? conjunction(2) : condition(3);
}

std::string WaitGenerator::json_value(int depth) {
  constexpr std::array kFew = {"null"sv, "true"sv, "false"sv, "1e999"sv, "\"\\ud800\""sv, "-0"sv};
  const size_t kind = pick(depth > 0 ? 14 : 11);
  if (kind < 5) return text();
  if (kind < 9) {
    const size_t number = pick(theme.values);
    return number < kNumbers.size() ? std::string(kNumbers[number]) : std::to_string(number);
  }
  if (kind < 11) return std::string(kFew[pick(kFew.size())]);
  if (kind == 11) return "{\"k\":" + json_value(depth - 1) + "," + text() + ":1}";
  std::string items;
  for (size_t i = pick(4); i > 0; --i) items += json_value(depth - 1) + ",";
  return "[" + items + json_value(depth - 1) + "]";
}

std::string WaitGenerator::event() {
  std::string members;
  const auto add = [&](std::string_view name, const std::string& value) {
    members += (members.empty() ? "\"" : ",\"") + std::string(name) + "\":" + value;
  };
  for (size_t i = 0; i < theme.fields; ++i) {
    if (one_in(5)) continue;
    const std::string name = one_in(10) ? "\\u0066" : "f";
    const bool is_common = i == 0 && theme.has_common && !one_in(3);
    add(name + std::to_string(i), is_common ? "\"a\"" : json_value(1));
  }
  if (one_in(3)) add("list", json_value(2));
  if (one_in(3)) add("o", "{\"k\":" + json_value(1) + "}");
  if (one_in(20)) add("f0", json_value(1));  // once more: the last one counts
  if (one_in(40)) return R"({"data":)" + json_value(1) + "}";
  return R"({"name":"e","data":{)" + members + R"(},"ts":1700000000000})";
}

}  // namespace stepwell::expr
