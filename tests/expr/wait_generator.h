// Random conditions of waits and random events, out of few values, so that they often meet.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace stepwell::expr {

// How the next conditions are made.
struct WaitTheme {
  size_t fields = 4;        // how many fields of the event they read
  size_t values = 12;       // how many texts and numbers there are
  bool is_plain = false;    // only comparisons and && of them
  bool has_common = false;  // most have one comparison in common
};

class WaitGenerator {
 public:
  explicit WaitGenerator(uint64_t seed) : random_(seed) {}

  WaitTheme theme;

  std::string condition();
  std::string event();

  // 0 to count - 1.
  size_t pick(size_t count) { return random_() % count; }

 private:
  bool one_in(size_t count) { return pick(count) == 0; }
  std::string field();
  std::string text();  // as a literal of the language
  std::string number();
  std::string literal();
  std::string json_value(int depth);
  std::string list();
  std::string comparison();
  std::string special();  // what is rarely written, or can't be looked up
  std::string conjunction(int depth);
  std::string condition(int depth);

  std::mt19937_64 random_;
};

}  // namespace stepwell::expr
