// W8: a million waits of one event name, of which an event matches one or none; and what evaluating
// one expression costs.
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include "bench/bench.h"
#include "engine/core/waits.h"
#include "engine/expr/wait_index.h"
#include "schema/check.h"
#include "schema/random.h"

namespace {

// How often this thread asked for memory.
thread_local uint64_t allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

namespace stepwell::bench {
namespace {

using expr::WaitIndex;
using expr::WaitKey;
using expr::WaitScratch;

// Of this one thread, so that others on the machine weigh less in sums.
class CpuWatch {
 public:
  double seconds() const { return cpu_seconds() - start_; }
  double micros() const { return seconds() * 1e6; }

 private:
  double start_ = cpu_seconds();
};

double allocated_bytes() {
  const auto info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

// 36 characters, as a UUID has; the number is in the middle of it.
std::string id_of(uint64_t number) {
  std::string digits = std::to_string(100'000'000'000 + number * 7919);
  return "3f2c8e1a-" + digits.substr(0, 4) + "-" + digits.substr(4, 4) + "-9a41-" +
         digits.substr(8) + "5e7d80c1b";
}

std::string condition_of(uint64_t number) {
  return "\"" + id_of(number) + "\" == async.data.subscriptionId && \"v" +
         std::to_string(number % 10) + "\" == async.data.version";
}

// An event of 1 KB.
std::string event_of(uint64_t number) {
  std::string json = R"({"id":"01JABCDEF","name":"shop/subscription.updated","data":{)";
  for (int i = 0; i < 16; ++i) {
    json += "\"field" + std::to_string(i) + R"(":"some text of a usual length )" +
            std::to_string(i) + "\",";
  }
  json +=
      R"("amount":1295.5,"lines":[{"sku":"a-1","n":2},{"sku":"b-2","n":1}],"subscriptionId":")" +
      id_of(number) + R"(","version":"v)" + std::to_string(number % 10) + "\"";
  json.resize(std::max<size_t>(json.size(), 990), ' ');
  return json + R"(},"ts":1767225600000,"v":"1"})";
}

struct Latencies {
  std::vector<double> found;   // from values that have been read
  std::vector<double> parsed;  // with checking the JSON and reading the values
};

// Each event is looked up twice; `wanted` is how many waits it has to match.
Latencies look_up(WaitIndex& index, const std::vector<std::string>& events, size_t wanted) {
  Latencies latencies;
  WaitScratch scratch;
  std::vector<WaitKey> found;
  for (const std::string& event : events) {
    found.clear();
    Stopwatch whole;
    const auto parsed = parse_json(event);
    index.read(*parsed, scratch);
    index.find(Time{}, scratch, found);
    latencies.parsed.push_back(whole.micros());
    CHECK_INVARIANT(found.size() == wanted, "the index finds another number of waits");
  }
  for (const std::string& event : events) {
    found.clear();
    index.read(JsonView::trusted(event), scratch);
    Stopwatch alone;
    index.find(Time{}, scratch, found);
    latencies.found.push_back(alone.micros());
  }
  return latencies;
}

double allocations_per_event(WaitIndex& index, const std::vector<std::string>& events) {
  WaitScratch scratch;
  std::vector<WaitKey> found;
  index.read(JsonView::trusted(events.front()), scratch);  // warms up
  index.find(Time{}, scratch, found);
  const uint64_t before = allocations;
  for (const std::string& event : events) {
    index.read(JsonView::trusted(event), scratch);
    index.find(Time{}, scratch, found);
  }
  return static_cast<double>(allocations - before) / static_cast<double>(events.size());
}

Measurement run_index(const Options& options) {
  const uint64_t waits = options.is_quick ? 100'000 : 1'000'000;
  const uint64_t probes = options.is_quick ? 2000 : 20'000;
  Random random(8);
  std::vector<std::string> conditions;
  for (uint64_t i = 0; i < waits; ++i) conditions.push_back(condition_of(i));
  std::vector<std::string> hits;
  std::vector<std::string> misses;
  for (uint64_t i = 0; i < probes; ++i) {
    hits.push_back(event_of(random.below(waits)));
    misses.push_back(event_of(waits + random.below(waits)));
  }
  Measurement result{"W8", {{"waits", static_cast<double>(waits)}}, {}};
  auto& figures = result.figures;

  auto index = std::make_unique<WaitIndex>(random.next());
  const double before = allocated_bytes();
  CpuWatch adding;
  for (uint64_t i = 0; i < waits; ++i) {
    CHECK_INVARIANT(!index->add({i, i}, conditions[i]), "a condition does not compile");
  }
  figures["register_us"] = adding.micros() / static_cast<double>(waits);
  figures["bytes_per_wait"] = (allocated_bytes() - before) / static_cast<double>(waits);

  const Latencies hit = look_up(*index, hits, 1);
  const Latencies miss = look_up(*index, misses, 0);
  figures["match_p50_us"] = percentile(hit.found, 0.5);
  figures["match_p99_us"] = percentile(hit.found, 0.99);
  figures["match_parsed_p50_us"] = percentile(hit.parsed, 0.5);
  figures["match_parsed_p99_us"] = percentile(hit.parsed, 0.99);
  figures["miss_p50_us"] = percentile(miss.found, 0.5);
  figures["miss_p99_us"] = percentile(miss.found, 0.99);
  figures["allocations_per_miss"] = allocations_per_event(*index, misses);

  CpuWatch removing;
  for (uint64_t i = 0; i < waits; ++i) index->remove((i * 7919) % waits);
  figures["remove_us"] = removing.micros() / static_cast<double>(waits);
  CHECK_INVARIANT(index->size() == 0, "a wait was not removed");
  index.reset();

  core::Waits rebuilt(random.next());
  CpuWatch rebuilding;
  for (uint64_t i = 0; i < waits; ++i) {
    rebuilt.add("shop/subscription.updated", conditions[i], {.run = i, .step = i});
  }
  figures["rebuild_s"] = rebuilding.seconds();
  return result;
}

// Waits that nothing can be looked up of: each is evaluated for each event.
Measurement run_residual(const Options& options) {
  const uint64_t waits = options.is_quick ? 1000 : 10'000;
  WaitIndex index;
  for (uint64_t i = 0; i < waits; ++i) {
    const auto problem =
        index.add({i, i}, "async.data.field3.contains(\"#" + std::to_string(i) + "\")");
    CHECK_INVARIANT(!problem, "a condition does not compile");
  }
  WaitScratch scratch;
  std::vector<WaitKey> found;
  const std::string event = event_of(1);
  index.read(JsonView::trusted(event), scratch);
  constexpr int kRounds = 20;
  CpuWatch watch;
  for (int i = 0; i < kRounds; ++i) index.find(Time{}, scratch, found);
  Measurement result{"W8 not indexable", {{"waits", static_cast<double>(waits)}}, {}};
  result.figures["ns_per_wait"] = watch.micros() * 1000 / static_cast<double>(kRounds * waits);
  return result;
}

Measurement run_evaluation(const Options& options) {
  const int evaluations = options.is_quick ? 100'000 : 1'000'000;
  const auto compiled =
      expr::Expression::compile("event.data.version == 'v1' && event.data.amount > 3", {});
  CHECK_INVARIANT(compiled.ok(), "an expression does not compile");
  const expr::Expression& expression = *compiled;
  const std::string event = event_of(1);
  expr::PathTable paths;
  const std::vector<uint32_t> link = expression.link(paths);
  expr::Arena arena;
  std::vector<expr::Value> values(paths.size());
  paths.extract("event", JsonView::trusted(event), expr::JsonNumbers::kDouble, arena,
                values.data());
  expr::Facts facts;
  facts.slots = values.data();
  uint64_t matches = 0;
  CpuWatch watch;
  for (int i = 0; i < evaluations; ++i) {
    matches += expression.evaluate(facts, link, arena).is_true() ? 1 : 0;
  }
  Measurement result{"W8 evaluation", {}, {}};
  result.figures["ns"] = watch.micros() * 1000 / evaluations;
  CHECK_INVARIANT(matches == static_cast<uint64_t>(evaluations), "the expression is true");
  return result;
}

}  // namespace

Workload index_workload() {
  const auto at_most = [](std::string key, double bound) {
    return Target{"W8", {}, std::move(key), bound, true};
  };
  return {"W8",
          "1,000,000 waits of one event name, events of 1 KB that match one or none",
          [](const Options& options) {
            return std::vector{run_index(options), run_residual(options), run_evaluation(options)};
          },
          {at_most("match_p99_us", 5),
           at_most("match_parsed_p99_us", 25),
           at_most("miss_p99_us", 5),
           at_most("allocations_per_miss", 0),
           at_most("bytes_per_wait", 160),
           at_most("register_us", 3),
           at_most("remove_us", 3),
           at_most("rebuild_s", 2.5),
           {"W8 not indexable", {}, "ns_per_wait", 150, true},
           {"W8 evaluation", {}, "ns", 300, true}}};
}

}  // namespace stepwell::bench
