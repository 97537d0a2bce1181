// The wait index. The input is conditions, one a line, then a NUL byte and events, one a line. The
// index must find what evaluating every condition finds; also when waits have gone.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/wait_index.h"
#include "schema/check.h"
#include "schema/json.h"

using namespace stepwell;
using namespace stepwell::expr;

namespace {

constexpr size_t kMostConditions = 60;
constexpr size_t kMostEvents = 8;
constexpr size_t kCopies = 70;  // so that waits with a comparison in common are told apart

std::vector<std::string_view> lines_of(std::string_view text, size_t most) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < most) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

using Alive = std::map<uint64_t, Expression>;

void check(WaitIndex& index, const Alive& alive, JsonView event) {
  WaitScratch scratch;
  std::vector<WaitKey> found;
  index.read(event, scratch);
  index.find(Time{}, scratch, found);
  auto next = found.begin();
  for (const auto& [order, expression] : alive) {
    const bool is_found = next != found.end() && next->order == order;
    const bool wanted = expression.matches(Bindings().set("async", event));
    CHECK_INVARIANT(is_found == wanted, "the index and evaluating differ");
    if (is_found) ++next;
  }
  CHECK_INVARIANT(next == found.end(), "the index finds what is not there");
}

void remove_half(WaitIndex& index, Alive& alive) {
  for (auto it = alive.begin(); it != alive.end();) {
    CHECK_INVARIANT(index.remove(it->first), "a wait was lost");
    it = alive.erase(it);
    if (it != alive.end()) ++it;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), input.size());
  WaitIndex index(size);
  Alive alive;
  uint64_t order = 0;
  for (const std::string_view text : lines_of(input.substr(0, end), kMostConditions)) {
    const auto compiled = Expression::compile_residual(text.empty() ? "true" : text);
    const auto problem = index.add({++order, 0}, text);
    CHECK_INVARIANT(problem.has_value() != compiled.ok(), "the index takes other conditions");
    if (compiled) alive.emplace(order, *compiled);
  }
  // Copies that differ in another comparison, if there is room for them.
  for (size_t i = 0; i < kCopies && alive.size() == i + 1; ++i) {
    const std::string copy =
        "(" + std::string(input.substr(0, end)) + ") && async.data.n != " + std::to_string(i);
    const auto compiled = Expression::compile_residual(copy);
    if (compiled && !index.add({++order, 0}, copy)) alive.emplace(order, *compiled);
  }
  const auto events = lines_of(input.substr(std::min(end + 1, input.size())), kMostEvents);
  for (int round = 0; round < 2; ++round) {
    for (const std::string_view text : events) {
      const auto event = parse_json(text);
      if (event) check(index, alive, *event);
    }
    remove_half(index, alive);
  }
  while (!alive.empty()) remove_half(index, alive);
  CHECK_INVARIANT(index.size() == 0, "a wait is left");
  return 0;
}
