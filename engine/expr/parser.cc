// A Pratt parser: one function for all binary operators, with their binding powers in a table.
// Every way to recurse goes through parse_expression or parse_unary, which count the nesting.
#include "engine/expr/parser.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/expr/lexer.h"
#include "engine/expr/macro_syntax.h"

namespace stepwell::expr {
namespace {

struct BinaryOperator {
  std::string_view text;
  int power;
  Op op;
};

constexpr BinaryOperator kBinaryOperators[] = {
    {"||", 1, Op::kOr},       {"&&", 2, Op::kAnd},          {"==", 3, Op::kEqual},
    {"!=", 3, Op::kNotEqual}, {"<", 3, Op::kLess},          {"<=", 3, Op::kLessEqual},
    {">", 3, Op::kGreater},   {">=", 3, Op::kGreaterEqual}, {"in", 3, Op::kIn},
    {"+", 4, Op::kAdd},       {"-", 4, Op::kSubtract},      {"*", 5, Op::kMultiply},
    {"/", 5, Op::kDivide},    {"%", 5, Op::kModulo},
};

class Parser {
 public:
  Parser(std::string_view source, std::vector<Token> tokens, const ParseOptions& options)
      : source_(source), tokens_(std::move(tokens)), options_(options) {}

  Compiled<Ast> run() {
    ast_.root = parse_expression();
    if (!error_ && token().kind != TokenKind::kEnd) refuse_rest();
    if (error_) return std::move(*error_);
    return std::move(ast_);
  }

 private:
  // --- Tokens ------------------------------------------------------------------------------------

  const Token& token() const { return tokens_[at_]; }
  const Token& previous() const { return tokens_[at_ - 1]; }

  bool at(std::string_view punctuation) const {
    return token().kind == TokenKind::kPunctuation && token().text == punctuation;
  }

  bool accept(std::string_view punctuation) {
    if (!at(punctuation)) return false;
    ++at_;
    return true;
  }

  void expect(std::string_view punctuation) {
    if (accept(punctuation)) return;
    fail(token().offset, "expected '" + std::string(punctuation) + "' " + found());
  }

  std::string found() const {
    if (token().kind == TokenKind::kEnd) return "at the end of the expression";
    return "before '" +
           std::string(
               source_.substr(token().offset, std::min<size_t>(token().end - token().offset, 40))) +
           "'";
  }

  // Records the first error; parsing then winds down on an end token.
  void fail(size_t offset, std::string message, std::string hint = {}) {
    if (!error_) error_ = make_error(source_, offset, std::move(message), std::move(hint));
    at_ = tokens_.size() - 1;
  }

  // What stands behind a complete expression.
  void refuse_rest() {
    const Token& rest = token();
    std::string hint;
    if (rest.text == "and" || rest.text == "AND") hint = "'and' is written &&";
    if (rest.text == "or" || rest.text == "OR") hint = "'or' is written ||";
    if (rest.text == "not" || rest.text == "NOT") hint = "'not' is written !";
    if (hint.empty() && (rest.kind == TokenKind::kIdent || rest.kind == TokenKind::kLiteral)) {
      hint = "an operator is missing, or text lacks its quotes";
    }
    fail(
        rest.offset,
        "unexpected '" +
            std::string(source_.substr(rest.offset, std::min<size_t>(rest.end - rest.offset, 40))) +
            "'",
        std::move(hint));
  }

  // --- Nodes -------------------------------------------------------------------------------------

  // Every node passes here when it is complete: the limits are checked as the tree grows.
  Node* finish(Node* node) {
    Ast::measure(*node);
    if (node->depth > options_.limits.depth) {
      fail(node->offset, "the expression is nested more than " +
                             std::to_string(options_.limits.depth) + " levels deep");
    }
    if (ast_.size() > options_.limits.nodes) {
      fail(node->offset,
           "the expression has more than " + std::to_string(options_.limits.nodes) + " parts");
    }
    return node;
  }

  Node* placeholder() { return ast_.add_literal(std::monostate{}, token().offset); }

  Node* make_operator(Op op, std::vector<Node*> args, uint32_t offset) {
    return finish(ast_.add_operator(op, std::move(args), offset));
  }

  // --- Grammar -----------------------------------------------------------------------------------

  struct Nesting {
    explicit Nesting(Parser& parser) : level(parser.nesting_) { ++level; }
    ~Nesting() { --level; }
    int& level;
  };

  bool too_deep() {
    // Parentheses nest without adding to the tree's depth, so nesting has a bound of its own.
    if (nesting_ <= 2 * options_.limits.depth) return false;
    fail(token().offset, "the expression is nested more than " +
                             std::to_string(options_.limits.depth) + " levels deep");
    return true;
  }

  Node* parse_expression() {
    Nesting nesting(*this);
    if (too_deep()) return placeholder();
    Node* condition = parse_binary(1);
    if (!at("?")) return condition;
    const uint32_t offset = token().offset;
    ++at_;
    Node* then = parse_binary(1);
    expect(":");
    Node* otherwise = parse_expression();
    return make_operator(Op::kConditional, {condition, then, otherwise}, offset);
  }

  const BinaryOperator* binary_operator(int min_power) const {
    if (token().kind != TokenKind::kPunctuation) return nullptr;
    for (const BinaryOperator& candidate : kBinaryOperators) {
      if (candidate.text == token().text && candidate.power >= min_power) return &candidate;
    }
    return nullptr;
  }

  Node* parse_binary(int min_power) {
    Node* left = parse_unary();
    while (const BinaryOperator* found = binary_operator(min_power)) {
      const uint32_t offset = token().offset;
      if (found->op == Op::kAnd || found->op == Op::kOr) {
        left = parse_chain(*found, left);
        continue;
      }
      ++at_;
      Node* right = parse_binary(found->power + 1);
      left = make_operator(found->op, {left, right}, offset);
    }
    return left;
  }

  // a && b && c is one node with three operands.
  Node* parse_chain(const BinaryOperator& op, Node* first) {
    const uint32_t offset = token().offset;
    std::vector<Node*> operands = {first};
    while (accept(op.text)) operands.push_back(parse_binary(op.power + 1));
    return make_operator(op.op, std::move(operands), offset);
  }

  Node* parse_unary() {
    if (!at("!") && !at("-")) return parse_postfix(parse_primary());
    Nesting nesting(*this);
    if (too_deep()) return placeholder();
    const bool negates = at("-");
    const std::string_view sign = token().text;
    std::vector<uint32_t> signs;
    while (at(sign)) {
      signs.push_back(token().offset);
      ++at_;
    }
    if (signs.size() > static_cast<size_t>(options_.limits.depth)) {
      fail(signs.front(), "too many signs in a row");
      return placeholder();
    }
    if (at("!") || at("-")) {
      fail(token().offset, "'!' and '-' can't be mixed without parentheses");
      return placeholder();
    }
    Node* node = nullptr;
    if (negates && is_number(token())) {
      node = parse_postfix(parse_negative_literal(signs.back()));
      signs.pop_back();
    } else {
      node = parse_postfix(parse_primary());
    }
    for (auto offset = signs.rbegin(); offset != signs.rend(); ++offset) {
      node = make_operator(negates ? Op::kNegate : Op::kNot, {node}, *offset);
    }
    return node;
  }

  static bool is_number(const Token& token) {
    return token.kind == TokenKind::kLiteral && (std::holds_alternative<int64_t>(token.literal) ||
                                                 std::holds_alternative<double>(token.literal));
  }

  // The sign is a part of the literal, or -9223372036854775808 could not be written.
  Node* parse_negative_literal(uint32_t offset) {
    const Token& number = token();
    ++at_;
    if (const auto* value = std::get_if<double>(&number.literal)) {
      return finish(ast_.add_literal(-*value, offset));
    }
    const auto magnitude = static_cast<uint64_t>(std::get<int64_t>(number.literal));
    return finish(ast_.add_literal(static_cast<int64_t>(~magnitude + 1), offset));
  }

  Node* parse_postfix(Node* node) {
    while (true) {
      if (at(".")) {
        node = parse_member(node);
      } else if (at("[")) {
        node = parse_index(node);
      } else if (at("{") && is_type_name(*node)) {
        node = parse_message(node);
      } else {
        return node;
      }
    }
  }

  static bool is_type_name(const Node& node) {
    const Node* part = &node;
    while (part->kind == NodeKind::kSelect && !part->is_optional) part = part->target;
    return part->kind == NodeKind::kIdent;
  }

  Node* parse_member(Node* target) {
    const uint32_t offset = token().offset;
    ++at_;
    const bool optional = accept_optional_mark();
    const Token& name = token();
    const bool is_plain = name.kind == TokenKind::kIdent || name.kind == TokenKind::kReserved;
    if (!is_plain && name.kind != TokenKind::kQuotedIdent) {
      fail(name.offset, "expected a field name " + found(),
           name.kind == TokenKind::kEnd || name.kind == TokenKind::kPunctuation
               ? ""
               : "a field with another name is written [\"name\"]");
      return target;
    }
    ++at_;
    if (is_plain && !optional && at("(")) return parse_method_call(target, name);
    Node* node = ast_.add(NodeKind::kSelect, offset);
    node->target = target;
    node->name = name.text;
    node->is_optional = optional;
    return finish(node);
  }

  bool accept_optional_mark() {
    if (!at("?")) return false;
    if (!options_.with_optionals) {
      fail(token().offset, "optional fields ('?') are not part of the language here",
           "has(a.b) tells whether a field is there");
      return false;
    }
    ++at_;
    return true;
  }

  Node* parse_index(Node* target) {
    const uint32_t offset = token().offset;
    ++at_;
    const bool optional = accept_optional_mark();
    Node* index = parse_expression();
    expect("]");
    return make_operator(optional ? Op::kOptionalIndex : Op::kIndex, {target, index}, offset);
  }

  std::vector<Node*> parse_arguments() {
    std::vector<Node*> args;
    expect("(");
    if (accept(")")) return args;
    do {
      args.push_back(parse_expression());
    } while (accept(","));
    expect(")");
    return args;
  }

  Node* parse_method_call(Node* target, const Token& name) {
    Node* call = ast_.add(NodeKind::kCall, name.offset);
    call->name = name.text;
    call->target = target;
    call->args = parse_arguments();
    return finish(expand(call));
  }

  // Turns a call into a macro where it is one.
  Node* expand(Node* call) {
    if (error_ || !options_.with_macros) return call;
    if (auto problem = recognise_macro(*call, options_)) {
      fail(problem->offset, std::move(problem->message));
    }
    return call;
  }

  Node* parse_message(Node* type) {
    Node* node = ast_.add(NodeKind::kMessage, token().offset);
    node->target = type;
    ++at_;
    while (!at("}") && !error_) {
      node->optional_args.push_back(accept_optional_mark());
      const Token& name = token();
      if (name.kind != TokenKind::kIdent && name.kind != TokenKind::kReserved &&
          name.kind != TokenKind::kQuotedIdent) {
        fail(name.offset, "expected a field name " + found());
        break;
      }
      ++at_;
      node->variables.emplace_back(name.text);
      expect(":");
      node->args.push_back(parse_expression());
      if (!accept(",")) break;
    }
    expect("}");
    return finish(node);
  }

  Node* parse_primary() {
    const Token& first = token();
    switch (first.kind) {
      case TokenKind::kLiteral:
        ++at_;
        if (first.is_min_int_magnitude) {
          fail(first.offset, "the number is out of the range of an int");
        }
        return finish(ast_.add_literal(first.literal, first.offset));
      case TokenKind::kIdent:
        return parse_name(false);
      case TokenKind::kReserved:
        fail(first.offset, "'" + std::string(first.text) + "' is a reserved word");
        return placeholder();
      case TokenKind::kPunctuation:
        return parse_bracketed();
      case TokenKind::kQuotedIdent:
      case TokenKind::kEnd:
        break;
    }
    fail(first.offset, "expected an expression " + found());
    return placeholder();
  }

  Node* parse_name(bool rooted) {
    const Token& name = token();
    ++at_;
    if (at("(")) {
      Node* call = ast_.add(NodeKind::kCall, name.offset);
      call->name = name.text;
      call->is_rooted = rooted;
      call->args = parse_arguments();
      return finish(rooted ? call : expand(call));
    }
    Node* ident = ast_.add(NodeKind::kIdent, name.offset);
    ident->name = name.text;
    ident->is_rooted = rooted;
    return finish(ident);
  }

  Node* parse_bracketed() {
    const uint32_t offset = token().offset;
    if (accept("(")) {
      Node* inner = parse_expression();
      expect(")");
      return inner;
    }
    if (accept("[")) return parse_list(offset);
    if (accept("{")) return parse_map(offset);
    if (accept(".")) {
      if (token().kind == TokenKind::kIdent) return parse_name(true);
      fail(token().offset, "expected a name " + found());
      return placeholder();
    }
    fail(offset, "expected an expression " + found());
    return placeholder();
  }

  Node* parse_list(uint32_t offset) {
    Node* list = ast_.add(NodeKind::kList, offset);
    bool any_optional = false;
    while (!at("]") && !error_) {
      const bool optional = accept_optional_mark();
      any_optional |= optional;
      list->optional_args.push_back(optional);
      list->args.push_back(parse_expression());
      if (!accept(",")) break;
    }
    expect("]");
    if (!any_optional) list->optional_args.clear();
    return finish(list);
  }

  Node* parse_map(uint32_t offset) {
    Node* map = ast_.add(NodeKind::kMap, offset);
    bool any_optional = false;
    while (!at("}") && !error_) {
      const bool optional = accept_optional_mark();
      any_optional |= optional;
      map->optional_args.push_back(optional);
      map->args.push_back(parse_expression());
      expect(":");
      map->args.push_back(parse_expression());
      if (!accept(",")) break;
    }
    expect("}");
    if (!any_optional) map->optional_args.clear();
    return finish(map);
  }

  std::string_view source_;
  std::vector<Token> tokens_;
  const ParseOptions& options_;
  size_t at_ = 0;
  int nesting_ = 0;
  Ast ast_;
  std::optional<CompileError> error_;
};

}  // namespace

Compiled<Ast> parse(std::string_view text, const ParseOptions& options) {
  if (text.size() > options.limits.text_bytes) {
    return make_error(
        text, 0,
        "the expression is longer than " + std::to_string(options.limits.text_bytes) + " bytes");
  }
  auto tokens = tokenize(text);
  if (!tokens) return tokens.error();
  return Parser(text, std::move(tokens.value()), options).run();
}

}  // namespace stepwell::expr
