#include "engine/expr/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "engine/expr/unicode.h"
#include "schema/utf8.h"

namespace stepwell::expr {
namespace {

constexpr std::array<std::string_view, 17> kReservedWords = {
    "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
    "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};

constexpr size_t kUsualTokens = 32;
constexpr uint64_t kMinIntMagnitude = uint64_t{1} << 63;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_word(char c) {
  return is_letter(c) || is_digit(c);
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {
    tokens_.reserve(std::min<size_t>(source.size() / 4 + 2, kUsualTokens));
  }

  Compiled<std::vector<Token>> run() {
    while (true) {
      skip_blanks();
      if (at_ >= source_.size()) break;
      if (!next_token()) return std::move(*error_);
    }
    Token end;
    end.offset = end.end = static_cast<uint32_t>(source_.size());
    tokens_.push_back(std::move(end));
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  bool fail(size_t offset, std::string message, std::string hint = {}) {
    if (!error_) error_ = make_error(source_, offset, std::move(message), std::move(hint));
    return false;
  }

  void push(TokenKind kind, size_t begin, Literal literal = {}) {
    Token token;
    token.kind = kind;
    token.offset = static_cast<uint32_t>(begin);
    token.end = static_cast<uint32_t>(at_);
    token.text = source_.substr(begin, at_ - begin);
    token.literal = std::move(literal);
    tokens_.push_back(std::move(token));
  }

  void skip_blanks() {
    while (at_ < source_.size()) {
      const char c = source_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
        ++at_;
      } else if (c == '/' && peek(1) == '/') {
        at_ = std::min(source_.find('\n', at_), source_.size());
      } else {
        return;
      }
    }
  }

  bool next_token() {
    const char c = peek();
    if (const size_t prefix = string_prefix(); prefix != std::string_view::npos) {
      return lex_string(prefix);
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return lex_number();
    if (is_letter(c)) return lex_word();
    if (c == '`') return lex_quoted_ident();
    return lex_punctuation();
  }

  // The length of a string's prefix (r, b, br, rb in any case), or npos if no string starts here.
  size_t string_prefix() const {
    size_t length = 0;
    bool raw = false;
    bool bytes = false;
    while (length < 2) {
      const char c = static_cast<char>(peek(length) | 0x20);
      if (c == 'r' && !raw) {
        raw = true;
      } else if (c == 'b' && !bytes) {
        bytes = true;
      } else {
        break;
      }
      ++length;
    }
    const char quote = peek(length);
    return quote == '"' || quote == '\'' ? length : std::string_view::npos;
  }

  bool lex_word() {
    const size_t begin = at_;
    while (is_word(peek())) ++at_;
    const std::string_view word = source_.substr(begin, at_ - begin);
    if (word == "true" || word == "false") {
      push(TokenKind::kLiteral, begin, word == "true");
    } else if (word == "null") {
      push(TokenKind::kLiteral, begin, std::monostate{});
    } else if (word == "in") {
      push(TokenKind::kPunctuation, begin);
    } else {
      push(is_reserved_word(word) ? TokenKind::kReserved : TokenKind::kIdent, begin);
    }
    return true;
  }

  bool lex_quoted_ident() {
    const size_t begin = at_++;
    while (is_word(peek()) ||
           (peek() != '\0' && std::string_view("_.-/ ").find(peek()) != std::string_view::npos)) {
      ++at_;
    }
    if (peek() != '`' || at_ == begin + 1) {
      return fail(begin,
                  "a name in backticks holds letters, digits, '_', '.', '-', '/' and spaces");
    }
    ++at_;
    push(TokenKind::kQuotedIdent, begin);
    tokens_.back().text = source_.substr(begin + 1, at_ - begin - 2);
    return true;
  }

  bool lex_punctuation() {
    static constexpr std::string_view kDouble[] = {"&&", "||", "==", "!=", "<=", ">="};
    const size_t begin = at_;
    const std::string_view two = source_.substr(at_, 2);
    if (two == "==" && peek(2) == '=') {
      return fail(begin, "there is no operator '==='", "equality is written with two signs: ==");
    }
    if (two == "!=" && peek(2) == '=') {
      return fail(begin, "there is no operator '!=='", "inequality is written: !=");
    }
    if (std::find(std::begin(kDouble), std::end(kDouble), two) != std::end(kDouble)) {
      at_ += 2;
      push(TokenKind::kPunctuation, begin);
      return true;
    }
    const char c = peek();
    if (c != '\0' && std::string_view("+-*/%<>!?:.,()[]{}").find(c) != std::string_view::npos) {
      ++at_;
      push(TokenKind::kPunctuation, begin);
      return true;
    }
    return refuse_character(c);
  }

  bool refuse_character(char c) {
    if (c == '=') return fail(at_, "a single '=' is no operator", "to compare, write ==");
    if (c == '&') return fail(at_, "a single '&' is no operator", "'and' is written &&");
    if (c == '|') return fail(at_, "a single '|' is no operator", "'or' is written ||");
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return fail(at_, "a control character outside of a string");
    }
    const Utf8Decoded point = decode_utf8(source_, at_);
    if (!point.valid) return fail(at_, "the text is not valid UTF-8");
    std::string hint;
    if (point.code_point == 0x2018 || point.code_point == 0x2019 || point.code_point == 0x201C ||
        point.code_point == 0x201D) {
      hint = "use straight quotes: ' or \"";
    }
    return fail(at_, "unexpected '" + std::string(source_.substr(at_, point.length)) + "'", hint);
  }

  bool lex_number() {
    const size_t begin = at_;
    if (peek() == '0' && (peek(1) | 0x20) == 'x' && hex_value(peek(2)) >= 0) return lex_hex();
    while (is_digit(peek())) ++at_;
    bool is_double = false;
    if (peek() == '.' && is_digit(peek(1))) {
      is_double = true;
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    if ((peek() | 0x20) == 'e') {
      const size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (is_digit(peek(1 + sign))) {
        is_double = true;
        at_ += 1 + sign;
        while (is_digit(peek())) ++at_;
      }
    }
    if (is_double) return finish_double(begin);
    return finish_integer(begin, source_.substr(begin, at_ - begin), 10);
  }

  bool lex_hex() {
    const size_t begin = at_;
    at_ += 2;
    while (hex_value(peek()) >= 0) ++at_;
    return finish_integer(begin, source_.substr(begin + 2, at_ - begin - 2), 16);
  }

  bool finish_double(size_t begin) {
    if (is_word(peek())) return refuse_glued(begin);
    double value = 0;
    const char* first = source_.data() + begin;
    const auto [end, problem] = std::from_chars(first, source_.data() + at_, value);
    // Numbers too small for a double are zero; those too large are mistakes.
    const bool is_tiny = problem == std::errc::result_out_of_range && is_below_one(begin);
    if ((problem != std::errc() && !is_tiny) || end != source_.data() + at_) {
      return fail(begin, "the number is out of the range of a double", quotes_hint(begin));
    }
    if (is_tiny) value = 0;
    push(TokenKind::kLiteral, begin, value);
    return true;
  }

  // Of a number that is out of range: whether it is so by its negative exponent or its zeros.
  bool is_below_one(size_t begin) const {
    const std::string_view number = source_.substr(begin, at_ - begin);
    const size_t exponent = number.find_first_of("eE");
    if (exponent == std::string_view::npos) return number.starts_with("0.") || number[0] == '.';
    return number[exponent + 1] == '-';
  }

  bool finish_integer(size_t begin, std::string_view digits, int base) {
    uint64_t value = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    const bool is_unsigned = (peek() | 0x20) == 'u';
    if (is_unsigned) ++at_;
    if (is_word(peek())) return refuse_glued(begin);
    if (problem != std::errc() || end != digits.data() + digits.size()) {
      return fail(begin, "the number is out of range", "a whole number has at most 64 bits");
    }
    if (is_unsigned) {
      push(TokenKind::kLiteral, begin, value);
      return true;
    }
    if (value > kMinIntMagnitude) {
      return fail(begin, "the number is out of the range of an int", "longer ids must be strings");
    }
    push(TokenKind::kLiteral, begin, static_cast<int64_t>(value));
    tokens_.back().is_min_int_magnitude = value == kMinIntMagnitude;
    return true;
  }

  // Digits with letters behind them: mostly an id that lacks its quotes.
  bool refuse_glued(size_t begin) {
    return fail(begin, "a number followed by letters", quotes_hint(begin));
  }

  // Shows the word around `at`, dashes included, in quotes.
  std::string quotes_hint(size_t at) const {
    const auto belongs = [this](size_t i) { return is_word(source_[i]) || source_[i] == '-'; };
    size_t begin = at;
    while (begin > 0 && belongs(begin - 1)) --begin;
    size_t end = at;
    while (end < source_.size() && belongs(end)) ++end;
    return "text needs quotes: '" + std::string(source_.substr(begin, end - begin)) + "'";
  }

  bool lex_string(size_t prefix) {
    const size_t begin = at_;
    bool raw = false;
    bool bytes = false;
    for (size_t i = 0; i < prefix; ++i) {
      raw |= (peek(i) | 0x20) == 'r';
      bytes |= (peek(i) | 0x20) == 'b';
    }
    at_ += prefix;
    const char quote = peek();
    const bool triple = peek(1) == quote && peek(2) == quote;
    at_ += triple ? 3 : 1;
    std::string out;
    while (true) {
      if (at_ >= source_.size()) return fail(begin, "the string has no closing quote");
      const char c = peek();
      if (c == quote && (!triple || (peek(1) == quote && peek(2) == quote))) break;
      if (!triple && (c == '\n' || c == '\r')) {
        return fail(begin, "the string has no closing quote on its line",
                    "a string over several lines needs three quotes");
      }
      if (c == '\\' && !raw) {
        if (!lex_escape(out, bytes)) return false;
        continue;
      }
      if (!copy_plain(out, c)) return false;
    }
    at_ += triple ? 3 : 1;
    if (bytes) {
      push(TokenKind::kLiteral, begin, Bytes{std::move(out)});
    } else {
      push(TokenKind::kLiteral, begin, std::move(out));
    }
    return true;
  }

  // Copies what begins with `c` and means itself in a string.
  bool copy_plain(std::string& out, char c) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      const Utf8Decoded point = decode_utf8(source_, at_);
      if (!point.valid) return fail(at_, "the text is not valid UTF-8");
      out.append(source_.substr(at_, point.length));
      at_ += point.length;
      return true;
    }
    const size_t begin = at_++;
    while (at_ < source_.size() && (is_word(source_[at_]) || source_[at_] == '-')) ++at_;
    out.append(source_.substr(begin, at_ - begin));
    return true;
  }

  bool lex_escape(std::string& out, bool bytes) {
    const size_t begin = at_;
    const char c = peek(1);
    static constexpr std::string_view kPlain = "abfnrtv\\?\"'`";
    static constexpr std::string_view kMeaning = "\a\b\f\n\r\t\v\\?\"'`";
    if (const size_t i = kPlain.find(c); c != '\0' && i != std::string_view::npos) {
      out += kMeaning[i];
      at_ += 2;
      return true;
    }
    if (c >= '0' && c <= '3') return lex_digits_escape(out, bytes, 1, 3, 8);
    if (c == 'x' || c == 'X') return lex_digits_escape(out, bytes, 2, 2, 16);
    if (c == 'u' && !bytes) return lex_digits_escape(out, bytes, 2, 4, 16);
    if (c == 'U' && !bytes) return lex_digits_escape(out, bytes, 2, 8, 16);
    return fail(begin, "unknown escape in a string",
                "a backslash is written \\\\, or use a raw string: r'...'");
  }

  // An escape with `count` digits after `skip` characters.
  bool lex_digits_escape(std::string& out, bool bytes, size_t skip, size_t count, int base) {
    const size_t begin = at_;
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      const int digit = hex_value(peek(skip + i));
      if (digit < 0 || digit >= base) return fail(begin, "an escape in a string lacks digits");
      value = value * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit);
    }
    at_ += skip + count;
    if (bytes) {
      out += static_cast<char>(value);
      return true;
    }
    if (!is_scalar_value(value)) return fail(begin, "an escape that is no Unicode character");
    append_utf8(out, value);
    return true;
  }

  std::string_view source_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
  std::optional<CompileError> error_;
};

}  // namespace

Compiled<std::vector<Token>> tokenize(std::string_view source) {
  return Lexer(source).run();
}

bool is_reserved_word(std::string_view text) {
  return std::find(kReservedWords.begin(), kReservedWords.end(), text) != kReservedWords.end();
}

bool is_plain_field_name(std::string_view text) {
  if (text.empty() || !is_letter(text[0])) return false;
  if (text == "in" || text == "true" || text == "false" || text == "null") return false;
  return std::all_of(text.begin(), text.end(), is_word);
}

}  // namespace stepwell::expr
