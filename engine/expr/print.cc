// Prints trees back as text. The text of a residual is stored and compiled again later, so what is
// printed must parse to the same tree: parentheses follow the grammar's levels exactly.
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>

#include "engine/expr/ast.h"
#include "engine/expr/lexer.h"

namespace stepwell::expr {
namespace {

enum Power { kConditionalPower, kOrPower, kAndPower, kRelation, kSum, kProduct, kUnary, kPrimary };

int power_of(const Node& node) {
  if (node.kind == NodeKind::kLiteral) {
    // A negative number binds like a primary, but reads as a minus sign before what follows it.
    const auto* whole = std::get_if<int64_t>(&node.literal);
    const auto* number = std::get_if<double>(&node.literal);
    const bool is_signed = (whole && *whole < 0) || (number && std::signbit(*number));
    return is_signed ? kUnary : kPrimary;
  }
  if (node.kind != NodeKind::kCall) return kPrimary;
  switch (node.op) {
    case Op::kConditional:
      return kConditionalPower;
    case Op::kOr:
      return kOrPower;
    case Op::kAnd:
      return kAndPower;
    case Op::kEqual:
    case Op::kNotEqual:
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
    case Op::kIn:
      return kRelation;
    case Op::kAdd:
    case Op::kSubtract:
      return kSum;
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kModulo:
      return kProduct;
    case Op::kNot:
    case Op::kNegate:
      return kUnary;
    case Op::kFunction:
    case Op::kIndex:
    case Op::kOptionalIndex:
      return kPrimary;
  }
  return kPrimary;
}

void append_escaped(std::string& out, std::string_view text, bool is_bytes) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F || (is_bytes && byte >= 0x80)) {
      static constexpr char kDigits[] = "0123456789abcdef";
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

// Finite: the parser and the folder make no other literals.
void append_double(std::string& out, double value) {
  char buffer[40];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  const std::string_view text(buffer, static_cast<size_t>(result.ptr - buffer));
  out += text;
  // Without a fraction or an exponent it would read as an int.
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

class Printer {
 public:
  std::string take() { return std::move(out_); }

  void print(const Node& node, int min_power) {
    const bool wrap = power_of(node) < min_power;
    if (wrap) out_ += '(';
    print_bare(node);
    if (wrap) out_ += ')';
  }

 private:
  void print_bare(const Node& node) {
    switch (node.kind) {
      case NodeKind::kLiteral:
        out_ += print_literal(node.literal);
        return;
      case NodeKind::kSlot:
        out_ += "$" + std::to_string(node.slot);
        return;
      case NodeKind::kIdent:
        if (node.is_rooted) out_ += '.';
        out_ += node.name;
        return;
      case NodeKind::kSelect:
        print(*node.target, kPrimary);
        out_ += node.is_optional ? ".?" : ".";
        print_field(node.name);
        return;
      case NodeKind::kCall:
        print_call(node);
        return;
      case NodeKind::kList:
        out_ += '[';
        print_elements(node);
        out_ += ']';
        return;
      case NodeKind::kMap:
        out_ += '{';
        print_entries(node);
        out_ += '}';
        return;
      case NodeKind::kMessage:
        print_message(node);
        return;
      case NodeKind::kMacro:
        print_macro(node);
        return;
    }
  }

  void print_field(const std::string& name) {
    if (is_plain_field_name(name)) {
      out_ += name;
    } else {
      out_ += '`' + name + '`';
    }
  }

  void print_call(const Node& node) {
    const int power = power_of(node);
    switch (node.op) {
      case Op::kFunction:
        print_function(node);
        return;
      case Op::kNot:
      case Op::kNegate:
        print_unary(node);
        return;
      case Op::kConditional:
        print(*node.args[0], kOrPower);
        out_ += " ? ";
        print(*node.args[1], kOrPower);
        out_ += " : ";
        print(*node.args[2], kConditionalPower);
        return;
      case Op::kIndex:
      case Op::kOptionalIndex:
        print(*node.args[0], kPrimary);
        out_ += node.op == Op::kIndex ? "[" : "[?";
        print(*node.args[1], kConditionalPower);
        out_ += ']';
        return;
      default:
        break;
    }
    // Operators lean left: an operand of the same level needs parentheses on the right. The chains
    // of && and || are flat, a nested chain of the same operator is one of its own.
    const bool is_chain = node.op == Op::kAnd || node.op == Op::kOr;
    for (size_t i = 0; i < node.args.size(); ++i) {
      if (i > 0) (out_ += ' ').append(operator_text(node.op)) += ' ';
      print(*node.args[i], i == 0 && !is_chain ? power : power + 1);
    }
  }

  void print_unary(const Node& node) {
    out_ += operator_text(node.op);
    const Node& operand = *node.args[0];
    // -(1) is a call, -1 a literal, -1.f a field of a literal; and the two signs don't mix.
    const bool other_sign = power_of(operand) == kUnary && operand.op != node.op;
    print(operand, begins_with_number(operand) || other_sign ? kPrimary + 1 : kUnary);
  }

  // Whether the first thing that is printed of a primary is an int or a double.
  static bool begins_with_number(const Node& node) {
    const Node* first = &node;
    while (power_of(*first) == kPrimary) {
      const bool is_index = first->kind == NodeKind::kCall && first->op != Op::kFunction;
      const Node* before = is_index ? first->args[0] : first->target;
      if (before == nullptr || first->kind == NodeKind::kMessage) break;
      first = before;
    }
    return first->kind == NodeKind::kLiteral && (std::holds_alternative<int64_t>(first->literal) ||
                                                 std::holds_alternative<double>(first->literal));
  }

  void print_function(const Node& node) {
    if (node.target) {
      print(*node.target, kPrimary);
      out_ += '.';
    }
    if (node.is_rooted) out_ += '.';
    out_ += node.name;
    out_ += '(';
    print_arguments(node.args, false);
    out_ += ')';
  }

  void print_arguments(const std::vector<Node*>& args, bool continues) {
    for (const Node* arg : args) {
      if (continues) out_ += ", ";
      continues = true;
      print(*arg, kConditionalPower);
    }
  }

  void print_elements(const Node& node) {
    for (size_t i = 0; i < node.args.size(); ++i) {
      if (i > 0) out_ += ", ";
      if (!node.optional_args.empty() && node.optional_args[i]) out_ += '?';
      print(*node.args[i], kConditionalPower);
    }
  }

  void print_entries(const Node& node) {
    for (size_t i = 0; i + 1 < node.args.size(); i += 2) {
      if (i > 0) out_ += ", ";
      if (!node.optional_args.empty() && node.optional_args[i / 2]) out_ += '?';
      print(*node.args[i], kConditionalPower);
      out_ += ": ";
      print(*node.args[i + 1], kConditionalPower);
    }
  }

  void print_message(const Node& node) {
    print(*node.target, kPrimary);
    out_ += '{';
    for (size_t i = 0; i < node.args.size(); ++i) {
      if (i > 0) out_ += ", ";
      if (node.optional_args[i]) out_ += '?';
      print_field(node.variables[i]);
      out_ += ": ";
      print(*node.args[i], kConditionalPower);
    }
    out_ += '}';
  }

  void print_macro(const Node& node) {
    if (node.macro == Macro::kBind) {
      out_ += "cel.";
    } else if (node.target) {
      print(*node.target, kPrimary);
      out_ += '.';
    }
    out_ += macro_name(node.macro);
    out_ += '(';
    for (size_t i = 0; i < node.variables.size(); ++i) {
      if (i > 0) out_ += ", ";
      out_ += node.variables[i];
    }
    print_arguments(node.args, !node.variables.empty());
    out_ += ')';
  }

  std::string out_;
};

}  // namespace

std::string print_literal(const Literal& literal) {
  std::string out;
  if (std::holds_alternative<std::monostate>(literal)) {
    out = "null";
  } else if (const auto* boolean = std::get_if<bool>(&literal)) {
    out = *boolean ? "true" : "false";
  } else if (const auto* whole = std::get_if<int64_t>(&literal)) {
    out = std::to_string(*whole);
  } else if (const auto* natural = std::get_if<uint64_t>(&literal)) {
    out = std::to_string(*natural) + "u";
  } else if (const auto* number = std::get_if<double>(&literal)) {
    append_double(out, *number);
  } else if (const auto* text = std::get_if<std::string>(&literal)) {
    append_escaped(out, *text, false);
  } else {
    out = "b";
    append_escaped(out, std::get<Bytes>(literal).data, true);
  }
  return out;
}

std::string print(const Node& node) {
  Printer printer;
  printer.print(node, 0);
  return printer.take();
}

}  // namespace stepwell::expr
