// Reading many paths in one pass over an event.
#include "engine/expr/paths.h"

#include <doctest/doctest.h>

#include "tests/expr/evaluate.h"

namespace stepwell::expr {
namespace {

Path path(std::string variable, std::vector<PathStep> steps = {}) {
  return {std::move(variable), std::move(steps)};
}

struct Extracted {
  explicit Extracted(const PathTable& table, std::string_view json)
      : slots(table.size(), Value::missing()) {
    table.extract("event", JsonView::trusted(json), JsonNumbers::kDouble, arena, slots.data());
  }
  std::string operator[](uint32_t slot) { return describe(slots[slot], arena); }

  Arena arena;
  std::vector<Value> slots;
};

}  // namespace

TEST_CASE("paths are numbered once") {
  PathTable table;
  const uint32_t a = table.intern(path("event", {"data", "a"}));
  const uint32_t b = table.intern(path("event", {"data", "b"}));
  CHECK(a != b);
  CHECK(table.intern(path("event", {"data", "a"})) == a);
  CHECK(table.intern(path("async", {"data", "a"})) == 2);
  CHECK(table.intern(path("event", {"data"})) == 3);
  CHECK(table.size() == 4);
  CHECK(table.path(a) == path("event", {"data", "a"}));
}

TEST_CASE("one pass finds all paths, of the last of duplicate members") {
  PathTable table;
  const uint32_t whole = table.intern(path("event"));
  const uint32_t a = table.intern(path("event", {"data", "a"}));
  const uint32_t deep = table.intern(path("event", {"data", "o", "k"}));
  const uint32_t object = table.intern(path("event", {"data", "o"}));
  const uint32_t second = table.intern(path("event", {"data", "list", 1U}));
  const uint32_t nested = table.intern(path("event", {"data", "list", 0U, "id"}));
  const uint32_t other = table.intern(path("async", {"x"}));

  Extracted first(table, R"({"data":{"a":"x\n","o":{"k":1},"list":[{"id":"i"},true]}})");
  CHECK(first[a] == R"("x\n")");
  CHECK(first[deep] == "1");
  CHECK(first[object] == R"({"k": 1})");
  CHECK(first[second] == "true");
  CHECK(first[nested] == R"("i")");
  CHECK(first[other] == "missing");
  CHECK(first[whole].starts_with("{\"data\""));

  Extracted twice(table, R"({"data":{"a":1,"o":{"k":1}},"data":{"o":{"x":2},"\u0061":null}})");
  CHECK(twice[a] == "null");
  CHECK(twice[deep] == "missing");
  CHECK(twice[second] == "missing");

  Extracted wrong_types(table, R"({"data":{"a":[1],"o":"text","list":{"1":5}}})");
  CHECK(wrong_types[a] == "[1]");
  CHECK(wrong_types[deep] == "missing");
  CHECK(wrong_types[second] == "missing");

  Extracted no_object(table, "[1,2]");
  CHECK(no_object[whole] == "[1, 2]");
  CHECK(no_object[a] == "missing");
}

TEST_CASE("an expression on slots gives what it gives on bindings") {
  constexpr std::string_view kEvent =
      R"({"data":{"a":"x","n":3,"list":["p",{"q":true}],"o":{"k":null}},"ts":5})";
  PathTable table;
  table.intern(path("event", {"something", "else"}));
  for (const std::string_view text :
       {"event.data.a == 'x' && event.data.n > 2", "event.data.list[1].q", "event['data']['o'].k",
        "event.data.list[0] + event.ts", "event.gone.far == null", "size(event.data)",
        "has(event.data.o.k) && !has(event.data.o.x)", "event.data.list.exists(x, x == 'p')"}) {
    CAPTURE(text);
    const auto compiled = Expression::compile(text, {});
    REQUIRE(compiled.ok());
    const std::vector<uint32_t> link = compiled->link(table);
    Extracted event(table, kEvent);
    Facts facts;
    facts.slots = event.slots.data();
    const Value value = compiled->evaluate(facts, link, event.arena);
    CHECK(describe(value, event.arena) == dialect(text, kEvent));
  }
}

TEST_CASE("values that are no JSON are read along paths too") {
  Arena arena;
  const MapEntry entries[] = {{Value::string("n"), Value::integer(7)}};
  const auto map = make_map(entries, arena);
  const auto compiled = Expression::compile("event.n + 1 == 8 && event.m == null", {});
  REQUIRE(compiled.ok());
  CHECK(compiled->matches(Bindings().set("event", *map)));
}

TEST_CASE("large objects are searched, compared and counted as small ones") {
  std::string left = "{";
  std::string right = "{";
  for (int i = 0; i < 500; ++i) {
    const std::string comma = i == 0 ? "" : ",";
    left += comma + "\"k" + std::to_string(i) + "\":" + std::to_string(i);
    right += comma + "\"k" + std::to_string(499 - i) + "\":" + std::to_string(499 - i);
  }
  const std::string event = "{\"l\":" + left + "},\"r\":" + right + ",\"k7\":7}}";
  check_dialect(event, {
                           {"event.l == event.r", "true"},
                           {"size(event.l) == 500 && size(event.r) == 500", "true"},
                           {"'k499' in event.l && !('k500' in event.l)", "true"},
                           {"event.l.k250 == 250", "true"},
                           {"event.l.exists_one(k, k == 'k3')", "true"},
                       });
}

}  // namespace stepwell::expr
