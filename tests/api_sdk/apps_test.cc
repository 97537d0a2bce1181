#include "api/sdk/apps.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <future>

#include "api/server/host.h"
#include "storage/memory/memory_journal.h"
#include "tests/server/http_client.h"

namespace stepwell::sdk {
namespace {

std::string app_with(int functions) {
  std::string list;
  for (int i = 0; i < functions; ++i) {
    list += fmt::format(R"({}{{"id":"f{}","name":"f","triggers":[{{"event":"e"}}],)"
                        R"("steps":{{"step":{{"runtime":{{"url":"http://h/"}}}}}}}})",
                        i == 0 ? "" : ",", i);
  }
  return fmt::format(R"({{"url":"http://h/","appName":"shop","sdk":"js:v4","functions":[{}]}})",
                     list);
}

TEST_CASE("registrations count in the order in which they came, also if the first takes longer") {
  std::shared_ptr<Apps> apps;
  server::Gateway* gateway = nullptr;
  server::HostOptions options;
  options.service = {.mode = server::Mode::kDev, .port = 0};
  options.journal = std::make_unique<storage::MemoryJournal>();
  options.prepare = [&](runtime::Runtime&, server::Service& service) {
    gateway = &service.gateway();
    return apps = std::make_shared<Apps>(service.gateway());
  };
  options.grace = server::Milliseconds(0);
  const auto host = server::Host::start(std::move(options)).value();
  REQUIRE(host->wait_until_serving().ok());

  const auto add_all = [&](const std::vector<int>& sizes) {
    struct State {
      size_t left;
      std::vector<size_t> order;
      std::promise<void> done;
    };
    const auto state =
        std::make_shared<State>(State{.left = sizes.size(), .order = {}, .done = {}});
    gateway->loop().post([&, state] {
      for (size_t i = 0; i < sizes.size(); ++i) {
        apps->add(app_with(sizes[i]), BodyKind::kRegister,
                  [state, i](const Apps::Outcome& outcome) {
                    CHECK_MESSAGE(!outcome.fault, outcome.fault->message);
                    state->order.push_back(i);
                    if (--state->left == 0) state->done.set_value();
                  });
      }
    });
    state->done.get_future().wait();
    return state->order;
  };
  const auto registered = [&] {
    const std::string body = server::fetch(host->port(), "/v2/apps/shop").body;
    return parse_json(body)->find("data")->find("functionCount")->as_int64();
  };
  CHECK(add_all({1}) == std::vector<size_t>{0});
  // The last is what the app had said before the large one, and counts all the same.
  CHECK(add_all({1500, 1}) == std::vector<size_t>{0, 1});
  CHECK(registered() == 1);
  CHECK(add_all({1500, 2, 3}) == std::vector<size_t>{0, 1, 2});
  CHECK(registered() == 3);
  apps.reset();
}

}  // namespace
}  // namespace stepwell::sdk
