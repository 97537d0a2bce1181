#include "tests/server/service_fixture.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <utility>

#include "storage/memory/memory_journal.h"

namespace stepwell::server {

void TestDriver::start(core::Call call) {
  // Never from inside of start().
  runtime->loop().post([this, call = std::move(call)] {
    core::Reply reply = functions.at(call.run->function.slug)(call);
    reply.call = call.id;
    reply.run = call.run->no;
    runtime->reply(std::move(reply));
  });
}

core::Reply returned(std::string output) {
  core::Reply reply;
  reply.outcome = core::Returned{std::move(output)};
  return reply;
}

core::Reply yielded(StepOp op) {
  core::Reply reply;
  core::Yielded outcome;
  outcome.ops.push_back(std::move(op));
  reply.outcome = std::move(outcome);
  return reply;
}

core::Reply wait_for_answer(const core::Call& call) {
  if (!call.memo.empty()) return returned(call.memo[0].data);
  if (!call.pending.empty()) return core::Reply{};
  StepOp op;
  op.key = StepKey::of("wait");
  op.id = "wait";
  op.body = WaitForEvent{.event = "answer", .timeout = {.after = std::chrono::hours(1)}};
  return yielded(std::move(op));
}

ServiceFixture::ServiceFixture(std::map<std::string, TestFunction> functions,
                               ServiceOptions options, realtime::HubSettings hub,
                               std::unique_ptr<storage::Journal> journal) {
  if (!journal) journal = std::make_unique<storage::MemoryJournal>();
  core::RegisterFunctions registration;
  registration.app = "test";
  for (const auto& [slug, code] : functions) {
    FunctionConfig config;
    config.id = {slug};
    config.app = "test";
    config.triggers = {{.event = slug}};
    registration.functions.push_back(std::move(config));
  }
  driver_.functions = std::move(functions);
  options.port = 0;
  auto started = Host::start({.service = std::move(options),
                              .hub = hub,
                              .journal = std::move(journal),
                              .prepare =
                                  [this](runtime::Runtime& runtime, Service& service) {
                                    driver_.runtime = &runtime;
                                    runtime.set_driver(DriverKind::kNative, &driver_);
                                    routes_ = service.router().routes();
                                    return std::shared_ptr<void>();
                                  },
                              .on_fatal =
                                  [](storage::CommitOutcome, const std::string& message) {
                                    std::fprintf(stderr, "it failed: %s\n", message.c_str());
                                    std::abort();
                                  },
                              .grace = Milliseconds(0)});
  host_ = std::move(started).value();
  if (!host_->wait_until_serving()) throw std::runtime_error("the recovery failed");
  std::promise<void> registered;
  host_->runtime().submit(std::move(registration),
                          [&](const core::Answer&) { registered.set_value(); });
  registered.get_future().get();
}

realtime::HubStats ServiceFixture::hub_stats() {
  std::promise<realtime::HubStats> stats;
  host_->loop().post([&] { stats.set_value(host_->hub().stats()); });
  return stats.get_future().get();
}

std::vector<std::string> ServiceFixture::send(std::string_view body) {
  const Reply reply = post_to(port(), "/e/test", body);
  if (reply.status != 200) throw std::runtime_error("an event was refused: " + reply.body);
  std::vector<std::string> ids;
  const JsonView array = *parse_json(reply.body)->find("ids");
  for (JsonElements it = array.elements(); it.next();) ids.push_back(*it.value().as_string());
  return ids;
}

std::string ServiceFixture::wait_for(const std::string& path,
                                     const std::function<bool(const JsonView&)>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  HttpClient client(port());
  while (std::chrono::steady_clock::now() < deadline) {
    client.get(path);
    std::string body = client.read_reply()->body;
    if (condition(parse_json(body).value())) return body;
  }
  throw std::runtime_error("it never happens: " + path);
}

std::string ServiceFixture::wait_for_run(const std::string& event_id, std::string_view status) {
  std::string id;
  wait_for("/v1/events/" + event_id + "/runs", [&](const JsonView& answer) {
    const std::optional<JsonView> runs = answer.find("data");
    if (!runs) return false;
    JsonElements it = runs->elements();
    if (!it.next()) return false;
    id = *it.value().find("run_id")->as_string();
    return it.value().find("status")->as_string() == status;
  });
  return id;
}

}  // namespace stepwell::server
