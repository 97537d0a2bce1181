#include "engine/expr/wait_shapes.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "engine/expr/lexer.h"
#include "engine/expr/parser.h"
#include "engine/expr/wait_literals.h"

namespace stepwell::expr {
namespace {

// Larger literals stay in the tree, as a part of the shape.
constexpr size_t kLargestText = 64 * 1024;
constexpr size_t kLongestList = 10'000;

// Paths are numbered anew when so many shapes, and half of all, have gone.
constexpr size_t kKeptShapes = 64;

constexpr char kSeparator = '\xFF';  // no byte of UTF-8

CompileOptions residual_options() {
  CompileOptions options;
  options.with_checker = false;
  options.limits = Limits::residual();
  return options;
}

// Values that a wait can keep by itself; nothing for bytes and for long text.
std::optional<Value> plain_value(const Literal& literal) {
  if (const auto* boolean = std::get_if<bool>(&literal)) return Value::boolean(*boolean);
  if (const auto* whole = std::get_if<int64_t>(&literal)) return Value::integer(*whole);
  if (const auto* natural = std::get_if<uint64_t>(&literal)) return Value::natural(*natural);
  if (const auto* number = std::get_if<double>(&literal)) return Value::number(*number);
  if (const auto* text = std::get_if<std::string>(&literal)) {
    if (text->size() > kLargestText) return std::nullopt;
    return Value::string(*text);
  }
  if (std::holds_alternative<Bytes>(literal)) return std::nullopt;
  return Value::null();
}

Value negated(const Value& number) {
  if (number.is(Kind::kDouble)) return Value::number(-number.as_double());
  return Value::integer(static_cast<int64_t>(~static_cast<uint64_t>(number.as_int()) + 1));
}

bool is_number(const Token& token) {
  return token.kind == TokenKind::kLiteral && (std::holds_alternative<int64_t>(token.literal) ||
                                               std::holds_alternative<double>(token.literal));
}

bool is_punctuation(const Token& token, std::string_view text) {
  return token.kind == TokenKind::kPunctuation && token.text == text;
}

bool is_constant(const Node& node) {
  return node.kind == NodeKind::kLiteral || node.kind == NodeKind::kList;
}

bool is_comparison(Op op) {
  return op >= Op::kEqual && op <= Op::kGreaterEqual;
}

// Functions whose argument may as well come from a slot.
bool takes_slot(const Node& call) {
  if (call.target) {
    return !is_constant(*call.target) &&
           (call.name == "startsWith" || call.name == "endsWith" || call.name == "contains");
  }
  return call.args.size() == 1 &&
         (call.name == "timestamp" || call.name == "duration" || call.name == "date");
}

// Whether operand `i` of `node`, a literal, may be lifted out of the tree.
bool may_lift(const Node& node, size_t i) {
  if (node.kind != NodeKind::kCall) return false;
  const Node& arg = *node.args[i];
  if (node.op == Op::kFunction) return i == 0 && takes_slot(node) && arg.kind != NodeKind::kList;
  if (node.op == Op::kIn) {
    const bool has_right_kind = (i == 1) == (arg.kind == NodeKind::kList);
    return has_right_kind && !is_constant(*node.args[1 - i]);
  }
  return is_comparison(node.op) && arg.kind == NodeKind::kLiteral &&
         !is_constant(*node.args[1 - i]);
}

// Literals of a tree that may be lifted, by their place in the text.
void find_liftable(Node& node, std::map<uint32_t, Node*>& found) {
  if (node.target) find_liftable(*node.target, found);
  for (size_t i = 0; i < node.args.size(); ++i) {
    if (is_constant(*node.args[i]) && may_lift(node, i)) {
      found.emplace(node.args[i]->offset, node.args[i]);
    } else {
      find_liftable(*node.args[i], found);
    }
  }
}

void make_slot(Node& node, uint32_t slot) {
  node.kind = NodeKind::kSlot;
  node.slot = slot;
  node.literal = {};
  node.args.clear();
  node.optional_args.clear();
  Ast::measure(node);
}

}  // namespace

// A text's tokens with its literals apart.
struct WaitShapes::Lifted {
  struct Part {
    Value value;
    uint32_t begin = 0;  // in the text
    uint32_t end = 0;
  };
  std::string key;  // of the Pattern
  std::vector<Part> parts;
  bool is_odd = false;  // a literal that only the parser can judge
};

class WaitShapes::Lifter {
 public:
  Lifter(const std::vector<Token>& tokens, Arena& arena, Lifted& out)
      : tokens_(tokens), arena_(arena), out_(out) {}

  void run() {
    for (size_t i = 0; tokens_[i].kind != TokenKind::kEnd;) i = step(i);
  }

 private:
  // Takes what begins at token `i`; returns where it goes on.
  size_t step(size_t i) {
    const Token& token = tokens_[i];
    if (!after_operand_ && is_punctuation(token, "-") && is_number(tokens_[i + 1])) {
      lift(negated(*plain_value(tokens_[i + 1].literal)), token.offset, tokens_[i + 1].end);
      return i + 2;
    }
    if (!after_operand_ && is_punctuation(token, "[")) {
      if (const size_t behind = lift_list(i)) return behind;
    }
    if (token.kind == TokenKind::kLiteral) {
      out_.is_odd = out_.is_odd || token.is_min_int_magnitude;
      const auto value = plain_value(token.literal);
      if (value && !value->is_null() && !value->is_bool()) {
        lift(*value, token.offset, token.end);
        return i + 1;
      }
    }
    append(token);
    return i + 1;
  }

  void append(const Token& token) {
    out_.key += static_cast<char>('0' + static_cast<int>(token.kind));
    out_.key += token.text;
    out_.key += kSeparator;
    after_operand_ = token.kind != TokenKind::kPunctuation || token.text == ")" ||
                     token.text == "]" || token.text == "}";
  }

  void lift(const Value& value, uint32_t begin, uint32_t end) {
    out_.key += static_cast<char>('a' + static_cast<int>(value.kind()));
    out_.parts.push_back({value, begin, end});
    after_operand_ = true;
  }

  // A list of literals is one literal. Returns 0 if it holds anything else.
  size_t lift_list(size_t open) {
    std::vector<Value> items;
    size_t i = open + 1;
    while (!is_punctuation(tokens_[i], "]")) {
      const bool is_negative = is_punctuation(tokens_[i], "-") && is_number(tokens_[i + 1]);
      if (is_negative) ++i;
      const Token& token = tokens_[i];
      if (token.kind != TokenKind::kLiteral || items.size() == kLongestList) return 0;
      const auto value = plain_value(token.literal);
      if (!value) return 0;
      out_.is_odd = out_.is_odd || (token.is_min_int_magnitude && !is_negative);
      items.push_back(is_negative ? negated(*value) : *value);
      ++i;
      if (is_punctuation(tokens_[i], ",")) {
        ++i;
      } else if (!is_punctuation(tokens_[i], "]")) {
        return 0;
      }
    }
    if (items.empty()) return 0;
    Value* stored = arena_.allocate<Value>(items.size());
    std::copy(items.begin(), items.end(), stored);
    lift(Value::list({stored, items.size()}), tokens_[open].offset, tokens_[i].end);
    return i + 1;
  }

  const std::vector<Token>& tokens_;
  Arena& arena_;
  Lifted& out_;
  bool after_operand_ = false;
};

Compiled<uint32_t> WaitShapes::find(std::string_view text, std::string& literals) {
  if (text.size() > Limits::residual().text_bytes) {
    return make_error(text.substr(0, 80), 0, "the expression is too long");
  }
  auto tokens = tokenize(text);
  if (!tokens) return tokens.error();
  Arena arena;
  Lifted lifted;
  lifted.key.reserve(text.size() + tokens->size());
  Lifter(*tokens, arena, lifted).run();
  if (lifted.is_odd || tokens->size() > Limits::residual().nodes) {
    const auto checked = parse(text, {.limits = Limits::residual()});
    if (!checked) return checked.error();
  }
  const auto pattern = find_pattern(text, lifted);
  if (!pattern) return pattern.error();
  const auto shape = find_shape(text, lifted, *pattern);
  if (!shape) {
    drop_unused(*pattern);
    return shape.error();
  }
  literals.clear();
  const std::vector<bool>& stays = patterns_[*pattern].stays;
  for (size_t i = 0; i < lifted.parts.size(); ++i) {
    if (!stays[i]) encode_literal(literals, lifted.parts[i].value);
  }
  return *shape;
}

Compiled<uint32_t> WaitShapes::find_pattern(std::string_view text, const Lifted& lifted) {
  const auto known = pattern_by_key_.find(std::string_view(lifted.key));
  if (known != pattern_by_key_.end()) return known->second;
  const auto ast = parse(text, {.limits = Limits::residual()});
  if (!ast) return ast.error();
  std::map<uint32_t, Node*> liftable;
  find_liftable(*ast->root, liftable);
  Pattern pattern;
  pattern.key = lifted.key;
  for (const Lifted::Part& part : lifted.parts) {
    pattern.stays.push_back(!liftable.contains(part.begin));
  }
  const uint32_t number = patterns_.take(std::move(pattern));
  pattern_by_key_.emplace(lifted.key, number);
  return number;
}

Compiled<uint32_t> WaitShapes::find_shape(std::string_view text, const Lifted& lifted,
                                          uint32_t pattern) {
  const std::vector<bool>& stays = patterns_[pattern].stays;
  std::string key = std::to_string(pattern);
  std::vector<Kind> kinds;
  std::vector<uint32_t> places;
  for (size_t i = 0; i < lifted.parts.size(); ++i) {
    const Lifted::Part& part = lifted.parts[i];
    if (stays[i]) {
      (key += kSeparator) += text.substr(part.begin, part.end - part.begin);
    } else {
      kinds.push_back(part.value.kind());
      places.push_back(part.begin);
    }
  }
  const auto known = shape_by_key_.find(std::string_view(key));
  if (known != shape_by_key_.end()) return known->second;
  auto shape = build(text, kinds, places);
  if (!shape) return shape.error();
  shape->key = key;
  shape->pattern = pattern;
  ++patterns_[pattern].shapes;
  ++shapes_alive_;
  const uint32_t number = shapes_.take(std::move(*shape));
  shape_by_key_.emplace(std::move(key), number);
  return number;
}

Compiled<Shape> WaitShapes::build(std::string_view text, const std::vector<Kind>& kinds,
                                  const std::vector<uint32_t>& places) {
  auto ast = parse(text, {.limits = Limits::residual()});
  if (!ast) return ast.error();
  std::map<uint32_t, Node*> liftable;
  find_liftable(*ast->root, liftable);
  for (uint32_t slot = 0; slot < places.size(); ++slot) {
    make_slot(*liftable.at(places[slot]), slot);
  }
  const CompileOptions options = residual_options();
  auto expression = Expression::compile(*ast->root, text, options);
  if (!expression) return expression.error();
  Shape shape;
  shape.plan = make_plan(*ast->root, options, kinds, paths_);
  shape.literals = static_cast<uint32_t>(kinds.size());
  if (!shape.plan.is_exact || !shape.can_be_looked_up()) {
    shape.link = expression->link(paths_);
    shape.expression = std::move(*expression);
  }
  return shape;
}

bool Shape::can_be_looked_up() const {
  return std::none_of(plan.any.begin(), plan.any.end(),
                      [](const Conjunction& all) { return all.empty(); });
}

void WaitShapes::drop_unused(uint32_t pattern) {
  if (patterns_[pattern].shapes > 0) return;
  pattern_by_key_.erase(patterns_[pattern].key);
  patterns_.give_back(pattern);
}

void WaitShapes::release(uint32_t number) {
  Shape& shape = shapes_[number];
  if (--shape.waits > 0) return;
  const uint32_t pattern = shape.pattern;
  shape_by_key_.erase(shape.key);
  shapes_.give_back(number);
  --patterns_[pattern].shapes;
  drop_unused(pattern);
  --shapes_alive_;
  ++shapes_gone_;
}

std::optional<std::vector<uint32_t>> WaitShapes::renumber_paths() {
  if (shapes_gone_ < kKeptShapes || shapes_gone_ < shapes_alive_) return std::nullopt;
  shapes_gone_ = 0;
  PathTable fresh;
  std::vector<uint32_t> renamed(paths_.size(), kNoRecord);
  const auto rename = [&](uint32_t& path) {
    path = renamed[path] = fresh.intern(paths_.path(path));
  };
  for (uint32_t i = 0; i < shapes_.size(); ++i) {
    Shape& shape = shapes_[i];
    for (uint32_t& path : shape.link) rename(path);
    for (Conjunction& all : shape.plan.any) {
      for (Test& test : all) rename(test.path);
    }
  }
  paths_ = std::move(fresh);
  return renamed;
}

}  // namespace stepwell::expr
