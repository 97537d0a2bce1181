// A whole server on an engine, with a journal in memory and functions that a test writes as
// lambdas.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/server/host.h"
#include "engine/core/driver.h"
#include "engine/runtime/runtime.h"
#include "schema/json.h"
#include "tests/server/http_client.h"

namespace stepwell::server {

// What a function's code does when it is called.
using TestFunction = std::function<core::Reply(const core::Call&)>;

class TestDriver final : public core::Driver {
 public:
  void start(core::Call call) override;
  void drop(RunNo) override {}
  void drop_all() override {}

  runtime::Runtime* runtime = nullptr;
  std::map<std::string, TestFunction> functions;  // by slug
};

// Answers of functions.
core::Reply returned(std::string output);
core::Reply yielded(StepOp op);
// Of code that waits an hour for the event "answer", then returns what it brought.
core::Reply wait_for_answer(const core::Call& call);

class ServiceFixture {
 public:
  // With the given functions, each triggered by the event of its own name.
  explicit ServiceFixture(std::map<std::string, TestFunction> functions = {},
                          ServiceOptions options = {}, realtime::HubSettings hub = {},
                          std::unique_ptr<storage::Journal> journal = nullptr);  // memory's

  uint16_t port() const { return host_->port(); }
  const std::vector<const Route*>& routes() const { return routes_; }
  runtime::Runtime& runtime() { return host_->runtime(); }
  realtime::HubStats hub_stats();

  // Sends a body to POST /e/test and returns the ids of the answer, which must be a 200.
  std::vector<std::string> send(std::string_view body);
  // Asks for the JSON at `path` again and again until `condition` holds of it; throws after 10 s.
  std::string wait_for(const std::string& path,
                       const std::function<bool(const JsonView&)>& condition);
  // The id of the one run of an event, once it has this status.
  std::string wait_for_run(const std::string& event_id, std::string_view status);

 private:
  TestDriver driver_;
  std::vector<const Route*> routes_;
  std::unique_ptr<Host> host_;
};

}  // namespace stepwell::server
