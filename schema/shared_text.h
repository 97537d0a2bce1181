// A text that never changes and that its copies share.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace stepwell {

class SharedText {
 public:
  SharedText() = default;  // empty
  SharedText(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {}
  SharedText(const char* text) : SharedText(std::string(text)) {}

  // Lives as long as any copy.
  const std::string& text() const {
    static const std::string kEmpty;
    return text_ ? *text_ : kEmpty;
  }
  operator const std::string&() const { return text(); }
  operator std::string_view() const { return text(); }
  size_t size() const { return text().size(); }

  template <std::convertible_to<std::string_view> Text>
  bool operator==(const Text& other) const {
    return std::string_view(text()) == std::string_view(other);
  }

 private:
  std::shared_ptr<const std::string> text_;
};

}  // namespace stepwell
