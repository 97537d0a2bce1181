#include "engine/expr/declarations.h"

#include <array>

#include "schema/check.h"

namespace stepwell::expr {
namespace {

struct SimpleType {
  std::string_view name;
  TypeKind kind;
};
constexpr std::array<SimpleType, 10> kSimpleTypes = {{
    {"dyn", TypeKind::kDyn},
    {"null", TypeKind::kNull},
    {"bool", TypeKind::kBool},
    {"int", TypeKind::kInt},
    {"uint", TypeKind::kUint},
    {"double", TypeKind::kDouble},
    {"string", TypeKind::kString},
    {"bytes", TypeKind::kBytes},
    {"timestamp", TypeKind::kTimestamp},
    {"duration", TypeKind::kDuration},
}};

class OverloadReader {
 public:
  explicit OverloadReader(std::string_view text) : rest_(text) {}

  std::vector<Overload> read() {
    std::vector<Overload> overloads;
    do {
      overloads.push_back(read_overload());
    } while (accept("; "));
    CHECK_INVARIANT(rest_.empty(), "a declaration of a function is malformed");
    return overloads;
  }

 private:
  bool accept(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  void expect(std::string_view token) {
    CHECK_INVARIANT(accept(token), "a declaration of a function is malformed");
  }

  Overload read_overload() {
    Overload overload;
    expect("(");
    if (!accept(")")) {
      do {
        overload.parameters.push_back(read_type());
      } while (accept(", "));
      overload.repeats_last = accept("...");
      expect(")");
    }
    expect(" -> ");
    overload.result = read_type();
    return overload;
  }

  Type read_type() {
    const size_t length = std::min(rest_.find_first_of("<>,.); "), rest_.size());
    const std::string_view name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    for (const SimpleType& simple : kSimpleTypes) {
      if (simple.name == name) return Type(simple.kind);
    }
    if (name.size() == 1) return Type::parameter(std::string(name));
    std::vector<Type> parameters;
    expect("<");
    do {
      parameters.push_back(read_type());
    } while (accept(", "));
    expect(">");
    if (name == "list") return Type::list(parameters.at(0));
    if (name == "map") return Type::map(parameters.at(0), parameters.at(1));
    if (name == "type") {
      Type type(TypeKind::kType);
      type.parameters = std::move(parameters);
      return type;
    }
    return Type::abstract(std::string(name), std::move(parameters));
  }

  std::string_view rest_;
};

constexpr std::string_view kEquality = "(A, A) -> bool";
constexpr std::string_view kOrder =
    "(bool, bool) -> bool; (int, int) -> bool; (uint, uint) -> bool; (double, double) -> bool; "
    "(int, uint) -> bool; (int, double) -> bool; (uint, int) -> bool; (uint, double) -> bool; "
    "(double, int) -> bool; (double, uint) -> bool; (string, string) -> bool; "
    "(bytes, bytes) -> bool; (timestamp, timestamp) -> bool; (duration, duration) -> bool";

std::string_view operator_types(Op op) {
  switch (op) {
    case Op::kNot:
      return "(bool) -> bool";
    case Op::kNegate:
      return "(int) -> int; (double) -> double";
    case Op::kConditional:
      return "(bool, A, A) -> A";
    case Op::kEqual:
    case Op::kNotEqual:
      return kEquality;
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
      return kOrder;
    case Op::kIn:
      return "(A, list<A>) -> bool; (A, map<A, B>) -> bool";
    case Op::kAdd:
      return "(int, int) -> int; (uint, uint) -> uint; (double, double) -> double; "
             "(string, string) -> string; (bytes, bytes) -> bytes; "
             "(list<A>, list<A>) -> list<A>; (timestamp, duration) -> timestamp; "
             "(duration, timestamp) -> timestamp; (duration, duration) -> duration";
    case Op::kSubtract:
      return "(int, int) -> int; (uint, uint) -> uint; (double, double) -> double; "
             "(timestamp, timestamp) -> duration; (timestamp, duration) -> timestamp; "
             "(duration, duration) -> duration";
    case Op::kMultiply:
    case Op::kDivide:
      return "(int, int) -> int; (uint, uint) -> uint; (double, double) -> double";
    case Op::kModulo:
      return "(int, int) -> int; (uint, uint) -> uint";
    case Op::kIndex:
      return "(list<A>, int) -> A; (map<A, B>, A) -> B; "
             "(optional_type<list<A>>, int) -> optional_type<A>; "
             "(optional_type<map<A, B>>, A) -> optional_type<B>";
    case Op::kOptionalIndex:
      return "(list<A>, int) -> optional_type<A>; (map<A, B>, A) -> optional_type<B>; "
             "(optional_type<list<A>>, int) -> optional_type<A>; "
             "(optional_type<map<A, B>>, A) -> optional_type<B>";
    default:
      return {};
  }
}

}  // namespace

std::vector<Overload> parse_overloads(std::string_view text) {
  return OverloadReader(text).read();
}

const std::vector<Overload>& operator_overloads(Op op) {
  static const std::array<std::vector<Overload>, 20> kTable = [] {
    std::array<std::vector<Overload>, 20> table;
    for (size_t i = 0; i < table.size(); ++i) {
      const std::string_view text = operator_types(static_cast<Op>(i));
      if (!text.empty()) table[i] = parse_overloads(text);
    }
    return table;
  }();
  return kTable[static_cast<size_t>(op)];
}

}  // namespace stepwell::expr
