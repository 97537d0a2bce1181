// The wait index: what each kind of condition costs, what goes when waits go, limits, bad input.
// That its answers are right is the business of wait_index_property_test.cc.
#include "engine/expr/wait_index.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>

namespace stepwell::expr {
namespace {

// An index, and what an event met there.
class Waits {
 public:
  void add(uint64_t order, const std::string& condition) {
    const auto problem = index.add({order, order + 1000}, condition);
    INFO(condition);
    INFO((problem ? problem->to_string() : ""));
    REQUIRE_FALSE(problem.has_value());
  }

  // The orders of the waits that match.
  std::vector<uint64_t> find(const std::string& data) {
    event_ = R"({"name":"e","data":)" + data + "}";
    const uint64_t before = scratch_.verified;
    std::vector<WaitKey> found;
    index.read(JsonView::trusted(event_), scratch_);
    index.find(Time{}, scratch_, found);
    verified = scratch_.verified - before;
    std::vector<uint64_t> orders;
    for (const WaitKey& key : found) orders.push_back(key.order);
    return orders;
  }

  WaitIndex index;
  uint64_t verified = 0;  // expressions that the last event was compared with

 private:
  WaitScratch scratch_;
  std::string event_;
};

using Orders = std::vector<uint64_t>;
constexpr uint64_t kMany = 5000;

// Many waits whose conditions differ in a number; an event without a match must meet next to none
// of them, one for wait 77 must find it.
void check_cost(const std::function<std::string(uint64_t)>& condition, const std::string& hit,
                const std::vector<std::string>& misses, uint64_t most_verified = 2) {
  Waits waits;
  for (uint64_t i = 0; i < kMany; ++i) waits.add(i, condition(i));
  INFO(condition(77));
  CHECK(waits.find(hit) == Orders{77});
  CHECK(waits.verified <= most_verified);
  for (const std::string& miss : misses) {
    INFO(miss);
    CHECK(waits.find(miss).empty());
    CHECK(waits.verified <= most_verified);
  }
  // Taking all away leaves nothing behind that could be met.
  for (uint64_t i = 0; i < kMany; i += 2) CHECK(waits.index.remove(i));
  CHECK(waits.find(hit) == Orders{77});
  for (uint64_t i = 1; i < kMany; i += 2) CHECK(waits.index.remove(i));
  CHECK(waits.find(hit).empty());
  CHECK(waits.verified == 0);
  CHECK(waits.index.size() == 0);
}

std::string number(uint64_t i) {
  return std::to_string(i);
}

}  // namespace

TEST_CASE("equality") {
  check_cost([](uint64_t i) { return "async.data.id == 'x" + number(i) + "'"; }, R"({"id":"x77"})",
             {R"({"id":"y"})", R"({"id":77})", R"({"id":null})", R"({"id":["x77"]})", "{}"});
  check_cost([](uint64_t i) { return number(i) + " == async.data.n"; }, R"({"n":77.0})",
             {R"({"n":77.5})", R"({"n":"77"})", R"({"n":null})", "{}"});
  check_cost([](uint64_t i) { return "async.data['" + number(i) + "'] == true"; }, R"({"77":true})",
             {R"({"77":false})", R"({"77":1})", "{}"});
}

TEST_CASE("one of a list") {
  check_cost(
      [](uint64_t i) { return "async.data.id in ['x" + number(i) + "', 'y" + number(i) + "']"; },
      R"({"id":"y77"})", {R"({"id":"z"})", "{}"});
}

TEST_CASE("what a list or a map holds") {
  check_cost([](uint64_t i) { return "'x" + number(i) + "' in async.data.tags"; },
             R"({"tags":["a","x77"]})",
             {R"({"tags":["a","b",null,[]]})", R"({"tags":"x77"})", "{}"});
  check_cost([](uint64_t i) { return "'x" + number(i) + "' in async.data.tags"; },
             R"({"tags":{"\u007877":null}})", {R"({"tags":{"x":"x77"}})"});
}

TEST_CASE("prefixes") {
  check_cost([](uint64_t i) { return "async.data.id.startsWith('" + number(i) + ":')"; },
             R"({"id":"77:5"})", {R"({"id":"x"})", R"({"id":""})", R"({"id":77})", "{}"});
}

TEST_CASE("orders of which few hold") {
  check_cost(
      [](uint64_t i) {
        return "async.data.n > " + number(i) + " && async.data.n < " + number(i) + ".9";
      },
      R"({"n":77.5})", {R"({"n":77})", R"({"n":1e9})", R"({"n":-1})", R"({"n":"77.5"})", "{}"});
  check_cost(
      [](uint64_t i) {
        return "async.data.day >= '" + number(10000 + i) + "' && async.data.day < '" +
               number(10001 + i) + "'";
      },
      R"({"day":"10077x"})", {R"({"day":"x"})", R"({"day":null})", R"({"day":1})", "{}"});
}

TEST_CASE("an order costs what it finds") {
  Waits waits;
  for (uint64_t i = 0; i < kMany; ++i) waits.add(i, number(i) + " < async.data.n");
  CHECK(waits.find(R"({"n":2.5})") == Orders{0, 1, 2});
  CHECK(waits.verified == 3);
  CHECK(waits.find(R"({"n":0})").empty());
  CHECK(waits.verified == 0);
}

TEST_CASE("a missing field is below everything, null is zero") {
  Waits waits;
  waits.add(1, "async.data.n < 5");
  waits.add(2, "async.data.n > -1");
  waits.add(3, "async.data.n <= -5");
  waits.add(4, "async.data.n < 'b'");
  waits.add(5, "5 > async.data.n");
  waits.add(6, "async.data.n == null");
  waits.add(7, "!has(async.data.n)");
  waits.add(8, "async.data.n != 3");
  CHECK(waits.find("{}") == Orders{1, 3, 4, 5, 6, 7, 8});
  CHECK(waits.find(R"({"n":null})") == Orders{1, 2, 4, 5, 6, 8});
  CHECK(waits.find(R"({"n":3})") == Orders{1, 2, 5});
  CHECK(waits.find(R"({"n":"a"})") == Orders{4, 8});
}

TEST_CASE("anything but a value") {
  Waits waits;
  for (uint64_t i = 0; i < kMany; ++i) {
    waits.add(i, "async.data.status != 'done' && async.data.name.contains('" + number(i) + "#')");
  }
  CHECK(waits.find(R"({"status":"done","name":"77#"})").empty());
  CHECK(waits.verified == 0);
  CHECK(waits.find(R"({"status":"open","name":"77#"})").size() == 2);  // 7# and 77#
  CHECK(waits.index.remove(77));
  CHECK(waits.find(R"({"status":"open","name":"77#"})") == Orders{7});
}

TEST_CASE("null, missing and bare fields") {
  check_cost([](uint64_t i) { return "async.data.a" + number(i) + " && async.data.b"; },
             R"({"a77":1,"b":true})", {R"({"b":true})", R"({"a77":1,"b":1})"}, 200);
  check_cost([](uint64_t i) { return "has(async.data.a" + number(i) + ")"; }, R"({"a77":null})",
             {"{}", R"({"b":1})"});
}

TEST_CASE("the more telling comparison decides, wherever it stands") {
  const auto version_first = [](uint64_t i) {
    return "async.data.version == 'v" + number(i % 10) + "' && async.data.id == 'x" + number(i) +
           "'";
  };
  check_cost(version_first, R"({"version":"v7","id":"x77"})",
             {R"({"version":"v7","id":"x"})", R"({"version":"v","id":"x77"})"}, 12);
  // Neither of the two tells much, both together do.
  const auto both = [](uint64_t i) {
    return "async.data.a == " + number(i % 70) + " && async.data.b == " + number(i / 70);
  };
  check_cost(both, R"({"a":7,"b":1})", {R"({"a":7,"b":-1})", R"({"a":-1,"b":1})"}, 70);
  // The same with an order below a comparison that all have in common.
  check_cost(
      [](uint64_t i) {
        return "async.data.kind == 'k' && async.data.n > " + number(i) + " && async.data.n < " +
               number(i) + ".9";
      },
      R"({"kind":"k","n":77.5})", {R"({"kind":"k","n":77})", R"({"kind":"x","n":77.5})"});
}

TEST_CASE("the case of the reference: an id and an inequality") {
  const auto condition = [](uint64_t i) {
    return "async.data.account_id == '" + number(1'000'000 + i) + "' && async.data.neq != 'neq'";
  };
  check_cost(condition, R"({"account_id":"1000077","neq":"x"})",
             {R"({"account_id":"1","neq":"x"})", R"({"account_id":"1000077","neq":"neq"})"}, 1);
}

TEST_CASE("alternatives") {
  check_cost(
      [](uint64_t i) {
        return "async.data.a == 'x" + number(i) + "' || async.data.b > " + number(i) +
               " && async.data.b < " + number(i) + ".9";
      },
      R"({"a":"x77","b":77.5})", {R"({"a":"x","b":77})"});
  check_cost(
      [](uint64_t i) { return "!(async.data.a != 'x" + number(i) + "' || !(async.data.b == 1))"; },
      R"({"a":"x77","b":1})", {R"({"a":"x77","b":2})", R"({"a":"x"})"});
  check_cost(
      [](uint64_t i) {
        return "async.data.b ? async.data.a == 'x" + number(i) + "' : async.data.a == 'y" +
               number(i) + "'";
      },
      R"({"a":"y77"})", {R"({"a":"x77"})", R"({"b":1,"a":"y77"})"});
}

TEST_CASE("waits that are the same are looked at once") {
  Waits waits;
  for (uint64_t i = 0; i < kMany; ++i) waits.add(i, "async.data.name.contains('x')");
  CHECK(waits.find(R"({"name":"y"})").empty());
  CHECK(waits.verified == 1);
  CHECK(waits.find(R"({"name":"xx"})").size() == kMany);
  CHECK(waits.verified == 1);
  // Also when the first of them goes.
  for (uint64_t i = 0; i < kMany - 1; ++i) REQUIRE(waits.index.remove(i));
  CHECK(waits.find(R"({"name":"x"})") == Orders{kMany - 1});
  CHECK(waits.index.remove(kMany - 1));
  CHECK(waits.find(R"({"name":"x"})").empty());
}

TEST_CASE("matches come in the order of the waits, each once, with their tags") {
  WaitIndex index;
  WaitScratch scratch;
  CHECK_FALSE(index.add({30, 1}, "async.data.a == 1 || async.data.b == 1 || true").has_value());
  CHECK_FALSE(index.add({10, 2}, "").has_value());
  CHECK_FALSE(index.add({20, 3}, "async.data.a in [1, 1.0, 1u]").has_value());
  CHECK_FALSE(index.add({5, 4}, "false").has_value());
  index.read(JsonView::trusted(R"({"data":{"a":1,"b":1}})"), scratch);
  std::vector<WaitKey> found = {{99, 9}};
  index.find(Time{}, scratch, found);
  CHECK(found == std::vector<WaitKey>{{99, 9}, {10, 2}, {20, 3}, {30, 1}});
  CHECK(index.size() == 4);
}

TEST_CASE("what is not there can't be removed, what was removed can be added again") {
  Waits waits;
  CHECK_FALSE(waits.index.remove(1));
  waits.add(1, "async.data.a == 1");
  CHECK(waits.index.has(1));
  CHECK(waits.index.remove(1));
  CHECK_FALSE(waits.index.has(1));
  CHECK_FALSE(waits.index.remove(1));
  waits.add(1, "async.data.a == 2");
  CHECK(waits.find(R"({"a":1})").empty());
  CHECK(waits.find(R"({"a":2})") == Orders{1});
}

TEST_CASE("an expression that does not compile is refused, also when its shape is known") {
  Waits waits;
  waits.add(1, "async.data.a == 1");
  waits.add(2, "async.data.a.matches('a+')");
  CHECK(waits.index.add({3, 0}, "async.data.a ==").has_value());
  CHECK(waits.index.add({3, 0}, "async.data.a == 9223372036854775808").has_value());
  CHECK(waits.index.add({3, 0}, "async.data.a == 'x").has_value());
  CHECK(waits.index.add({3, 0}, "async.data.a in [1, 9223372036854775808]").has_value());
  CHECK(waits.index.add({3, 0}, "async.data.a == '\xFF'").has_value());
  const auto problem = waits.index.add({3, 0}, "async.data.a == 1 and true");
  REQUIRE(problem.has_value());
  CHECK(problem->column == 19);
  CHECK_FALSE(waits.index.has(3));
  CHECK(waits.index.size() == 2);
  waits.add(3, "async.data.a == -9223372036854775808");
  CHECK(waits.find(R"({"a":-9223372036854775808})") == Orders{3});
}

TEST_CASE("events on which expressions fail, and other bad input") {
  Waits waits;
  waits.add(1, "10 / int(async.data.n) > 0 && async.data.a == 1");
  waits.add(2, "async.data.a - 'x' > 1");
  waits.add(3, "async.data.a == 1");
  waits.add(4, "async.data.list.exists(x, x.exists(y, y.exists(z, z == 1)))");
  waits.add(5, "async.data.a.matches('(a*)*(a*)*(a*)*b')");
  CHECK(waits.find(R"({"n":0,"a":1})") == Orders{3});
  CHECK(waits.find(R"({"n":"x","a":1})") == Orders{3});
  CHECK(waits.find(R"({"n":5,"a":1})") == Orders{1, 3});
  std::string deep = "1";
  for (int i = 0; i < 100; ++i) deep = "[" + deep + "]";
  CHECK(waits.find(R"({"a":1,"list":)" + deep + "}") == Orders{3});
  CHECK(waits.find(R"({"a":")" + std::string(100'000, 'a') + "\"}").empty());
  CHECK(waits.find(R"("no object")").empty());
}

TEST_CASE("an evaluation that takes too long is no match of the wait, and none of others'") {
  std::string numbers = "1";
  for (int i = 0; i < 2000; ++i) numbers += "," + number(i);
  Waits waits;
  waits.add(1, "async.data.l.all(a, async.data.l.all(b, async.data.l.exists(c, c == a)))");
  waits.add(2, "async.data.l.exists(a, a == 1)");
  CHECK(waits.find(R"({"l":[)" + numbers + "]}") == Orders{2});
}

TEST_CASE("numbers meet across their kinds, at the edges of what doubles can tell apart") {
  Waits waits;
  waits.add(1, "async.data.n == 9007199254740993");
  waits.add(2, "async.data.n == 9007199254740992.0");
  waits.add(3, "async.data.n in [9007199254740993u]");
  waits.add(4, "async.data.n == 0");
  waits.add(5, "async.data.n == -0.0");
  waits.add(6, "async.data.n > 9007199254740992");
  CHECK(waits.find(R"({"n":9007199254740993})") == Orders{1, 2, 3});
  CHECK(waits.find(R"({"n":-0})") == Orders{4, 5});
  CHECK(waits.find(R"({"n":9007199254740994})") == Orders{6});
  CHECK(waits.find(R"({"n":1e999})") == Orders{6});
}

TEST_CASE("large literals and long lists") {
  std::string list = "'x0'";
  for (int i = 1; i < 12'000; ++i) list += ", 'x" + std::to_string(i) + "'";
  const std::string text(100'000, 't');
  Waits waits;
  waits.add(1, "async.data.id in [" + list + "]");
  waits.add(2, "async.data.id == '" + text + "'");
  waits.add(3, "async.data.id in [" + list.substr(0, list.find("'x9000'")) + "]");
  CHECK(waits.find(R"({"id":"x11999"})") == Orders{1});
  CHECK(waits.find(R"({"id":"x8999"})") == Orders{1, 3});
  CHECK(waits.find(R"({"id":")" + text + "\"}") == Orders{2});
  for (uint64_t i = 1; i <= 3; ++i) CHECK(waits.index.remove(i));
}

TEST_CASE("more alternatives than are looked up one by one") {
  std::string any = "async.data.a == 0";
  for (int i = 1; i < 200; ++i) any += " || async.data.a == " + std::to_string(i);
  Waits waits;
  waits.add(1, any);
  waits.add(2, "async.data.b == 1 && (" + any + ")");
  CHECK(waits.find(R"({"a":199})") == Orders{1});
  CHECK(waits.find(R"({"a":199,"b":1})") == Orders{1, 2});
  CHECK(waits.find(R"({"a":200,"b":1})").empty());
}

TEST_CASE("fields that no wait asks for any more are not read for ever") {
  Waits waits;
  waits.add(1'000'000, "async.data.keep == 'k'");
  for (uint64_t i = 0; i < 2000; ++i) {
    waits.add(i, "async.data.f" + number(i) + " == 'x' && async.data.n > 3 && async.data.n < 5");
    if (i >= 10) CHECK(waits.index.remove(i - 10));
  }
  CHECK(waits.find(R"({"keep":"k","f1995":"x","n":4})") == Orders{1995, 1'000'000});
  CHECK(waits.find(R"({"keep":"k","f1":"x","n":4})") == Orders{1'000'000});
}

}  // namespace stepwell::expr
