#include "api/server/request.h"

#include <algorithm>

#include "schema/check.h"

namespace stepwell::server {
namespace {

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return -1;
}

const std::string* find_named(const NamedValues& values, std::string_view name) {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [&](const auto& value) { return value.first == name; });
  return found == values.end() ? nullptr : &found->second;
}

}  // namespace

std::string_view method_name(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kDelete:
      return "DELETE";
    case Method::kPatch:
      return "PATCH";
    case Method::kOptions:
      return "OPTIONS";
  }
  CHECK_INVARIANT(false, "unknown method");
}

std::optional<std::string_view> Headers::find(std::string_view wanted) const {
  for (size_t index = 0; index < fields_.size(); ++index) {
    if (name(index) == wanted) return value(index);
  }
  return std::nullopt;
}

size_t Headers::count(std::string_view wanted) const {
  size_t count = 0;
  for (size_t index = 0; index < fields_.size(); ++index) count += name(index) == wanted;
  return count;
}

std::string_view Headers::name(size_t index) const {
  const Field& field = fields_[index];
  return std::string_view(text_).substr(field.name_offset, field.value_offset - field.name_offset);
}

std::string_view Headers::value(size_t index) const {
  const Field& field = fields_[index];
  return std::string_view(text_).substr(field.value_offset, field.value_end - field.value_offset);
}

void Headers::append_name(std::string_view piece) {
  for (const char c : piece) text_.push_back(to_lower(c));
  value_offset_ = static_cast<uint32_t>(text_.size());
}

void Headers::append_value(std::string_view piece) {
  text_.append(piece);
}

void Headers::end_field() {
  while (text_.size() > value_offset_ && is_blank(text_.back())) text_.pop_back();
  fields_.push_back({name_offset_, value_offset_, static_cast<uint32_t>(text_.size())});
  name_offset_ = value_offset_ = static_cast<uint32_t>(text_.size());
}

void Headers::clear() {
  text_.clear();
  fields_.clear();
  name_offset_ = value_offset_ = 0;
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  const std::string* value = find_named(query, name);
  if (value == nullptr) return std::nullopt;
  return *value;
}

const std::string& Request::param(std::string_view name) const {
  const std::string* value = find_named(params, name);
  CHECK_INVARIANT(value != nullptr, "the route's pattern has no such parameter");
  return *value;
}

std::optional<std::string> percent_decode(std::string_view text, PlusSign plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == PlusSign::kIsSpace) {
      decoded.push_back(' ');
    } else if (text[i] != '%') {
      decoded.push_back(text[i]);
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
      decoded.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return decoded;
}

std::optional<NamedValues> parse_query(std::string_view text) {
  NamedValues values;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), PlusSign::kIsSpace);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), PlusSign::kIsSpace);
    if (!name || !value) return std::nullopt;
    values.emplace_back(std::move(*name), std::move(*value));
  }
  return values;
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); });
}

}  // namespace stepwell::server
