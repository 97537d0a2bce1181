// The driver of apps, on a clock and a wire that the test moves.
#include "api/sdk/http_driver.h"

#include <doctest/doctest.h>

#include <map>
#include <utility>
#include <vector>

#include "api/sdk/signature.h"

namespace stepwell::sdk {
namespace {

using namespace std::chrono_literals;

class ManualExecutor final : public Executor {
 public:
  void post(std::function<void()> task) override { tasks.push_back(std::move(task)); }
  void offload(std::function<void()> work, std::function<void()> done) override {
    post([work = std::move(work), done = std::move(done)] {
      work();
      done();
    });
  }
  Time now() const override { return time; }

  Time time{1'732'380'000'000ms};
  std::vector<std::function<void()>> tasks;
};

// Keeps what is under way, in the order in which it was sent.
class HeldTransport final : public Transport {
 public:
  void start(uint64_t id, Exchange exchange, Done done) override {
    open[id] = std::move(done);
    body = std::move(exchange.body);
    headers = std::move(exchange.headers);
    ++started;
  }
  void cancel(uint64_t id) override { open.erase(id); }

  std::map<uint64_t, Done> open;
  std::string body;    // of what was sent last
  HttpFields headers;  // and its
  int started = 0;
};

struct Fixture {
  explicit Fixture(HttpDriverOptions of_driver = {})
      : client(executor, transports(), options()), driver_options(std::move(of_driver)) {}

  HttpTransports transports() {
    auto plain = std::make_unique<HeldTransport>();
    wire = plain.get();
    return {.plain = std::move(plain), .tls = std::make_unique<HeldTransport>()};
  }
  static HttpClientOptions options() {
    HttpClientOptions options;
    options.lane_requests_max = 2;
    options.addresses.allow_loopback = true;
    return options;
  }

  void call(uint64_t number, Event event = {.name = "go"}) {
    core::RunContext run;
    run.no = number;
    run.events.push_back(std::move(event));
    core::Call call;
    call.id = {1, number};
    call.run = std::make_shared<const core::RunContext>(std::move(run));
    call.endpoint =
        std::make_shared<const core::Endpoint>(core::Endpoint{"app", "http://127.0.0.1/"});
    driver.start(std::move(call));
    work();
  }
  // The app answers what it was asked first.
  void answer() {
    REQUIRE_FALSE(wire->open.empty());
    const auto first = wire->open.begin();
    const Transport::Done done = std::move(first->second);
    wire->open.erase(first);
    done(HttpResponse{.status = 200, .headers = {}, .body = "1", .url = {}});
    work();
  }
  void redirect() {
    server::Headers headers;
    headers.append_name("location");
    headers.append_value("/elsewhere");
    headers.end_field();
    REQUIRE_FALSE(wire->open.empty());
    const auto first = wire->open.begin();
    const Transport::Done done = std::move(first->second);
    wire->open.erase(first);
    done(HttpResponse{.status = 307, .headers = headers, .body = "", .url = {}});
    work();
  }
  void work() {
    while (!executor.tasks.empty()) {
      for (const auto& task : std::exchange(executor.tasks, {})) task();
    }
  }

  ManualExecutor executor;
  HeldTransport* wire = nullptr;
  HttpClient client;
  std::vector<Duration> took;
  HttpDriverOptions driver_options;
  HttpDriver driver{executor, client, client, driver_options,
                    [this](const core::Reply&, Duration time) { took.push_back(time); }};
};

}  // namespace

TEST_CASE("the driver tells how long a call took, and how many are under way") {
  Fixture f;
  f.call(1);
  f.executor.time += 30ms;
  f.call(2);
  CHECK(f.driver.calls() == 2);
  f.executor.time += 70ms;
  f.answer();
  CHECK(f.driver.calls() == 1);
  f.answer();
  CHECK(f.driver.calls() == 0);
  CHECK(f.took == std::vector<Duration>{100ms, 70ms});
}

TEST_CASE("a call that reports is timed from then on") {
  Fixture f;
  f.call(1);
  f.executor.time += 50ms;
  CHECK(f.driver.reported({1, 1}) == 50ms);
  f.executor.time += 20ms;
  CHECK(f.driver.reported({1, 1}) == 20ms);
  CHECK(f.driver.reported({1, 7}) == 0ms);
  f.executor.time += 10ms;
  f.answer();
  CHECK(f.took == std::vector<Duration>{10ms});
  CHECK(f.driver.reported({1, 1}) == 0ms);
}

TEST_CASE("the call of a run that has ended goes on, in its place, and its answer is dropped") {
  Fixture f;
  for (uint64_t number : {1, 2, 3, 4}) f.call(number);
  REQUIRE(f.wire->open.size() == 2);  // the others wait for a place
  const uint64_t first = f.wire->open.begin()->first;
  f.driver.drop(1);
  f.driver.drop(3);
  CHECK(f.driver.calls() == 2);
  REQUIRE(f.wire->open.size() == 2);
  CHECK(f.wire->open.contains(first));
  CHECK(f.client.under_way() == 2);
  CHECK(f.client.waiting() == 1);  // what was not sent yet never is
  SUBCASE("whatever it answers") {
    f.answer();
  }
  SUBCASE("also to another place, where nobody sends it on") {
    f.redirect();
  }
  CHECK(f.took.empty());
  CHECK(f.wire->open.size() == 2);  // the fourth has its place
  CHECK(f.client.waiting() == 0);
  f.answer();
  f.answer();
  CHECK(f.took.size() == 2);
  CHECK(f.client.under_way() == 0);
}

TEST_CASE(
    "what is under way ends when the core begins anew, and what was left ends with the client") {
  auto f = std::make_unique<Fixture>();
  f->call(1);
  f->call(2);
  f->driver.drop(1);
  f->driver.drop_all();
  CHECK(f->driver.calls() == 0);
  CHECK(f->wire->open.size() == 1);
  CHECK(f->client.under_way() == 1);
  f.reset();
}

TEST_CASE("what is signed is canonical, however deep the payloads around it make it") {
  HttpDriverOptions options;
  options.signing_key =
      server::SigningKey::parse("signkey-test-8ee2262a15e8d3c42d6a840db7af3de2").value();
  Fixture f(options);
  const auto nested = [](size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  // As deep as an event takes it.
  f.call(1, {.name = "go", .data = R"({"b": 1, "a":)" + nested(126) + "}"});
  REQUIRE(!f.wire->body.empty());
  CHECK(f.wire->body.find(R"({"a":)" + nested(126) + R"(,"b":1})") != std::string::npos);
}

TEST_CASE("a call that has waited in its lane is signed when it goes out") {
  const server::SigningKey key = server::SigningKey::parse("signkey-test-abcd").value();
  HttpDriverOptions options;
  options.signing_key = key;
  Fixture fixture(std::move(options));
  for (uint64_t number : {1, 2, 3}) fixture.call(number);
  CHECK(fixture.wire->started == 2);
  fixture.executor.time += 6min;
  fixture.answer();
  REQUIRE(fixture.wire->started == 3);
  std::string signature;
  for (const auto& [name, value] : fixture.wire->headers) {
    if (server::equals_ignoring_case(name, kSignatureField)) signature = value;
  }
  CHECK(verify_signature({key}, signature, fixture.wire->body, fixture.executor.time).ok());
}

TEST_CASE("of calls that are dropped all at once none begins") {
  Fixture fixture;
  for (uint64_t number : {1, 2, 3, 4}) fixture.call(number);
  fixture.driver.drop_all();
  CHECK(fixture.wire->started == 2);
  CHECK(fixture.wire->open.empty());
}

}  // namespace stepwell::sdk
