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
  loop_.post([this, call = std::move(call)] {
    core::Reply answer = functions.at(call.run->function.slug)(call);
    answer.call = call.id;
    answer.run = call.run->no;
    reply(std::move(answer));
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

ServiceFixture::ServiceFixture(std::map<std::string, TestFunction> functions,
                               ServiceOptions options)
    : driver_(loop_) {
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
  runtime_ = std::make_unique<runtime::Runtime>(loop_, std::make_unique<storage::MemoryJournal>(),
                                                runtime::RuntimeOptions());
  driver_.reply = [this](core::Reply reply) { runtime_->reply(std::move(reply)); };
  runtime_->set_driver(DriverKind::kNative, &driver_);
  runtime_->on_fatal([](storage::CommitOutcome, const std::string& message) {
    std::fprintf(stderr, "the engine failed: %s\n", message.c_str());
    std::abort();
  });
  options.port = 0;
  service_ = std::make_unique<Service>(loop_, *runtime_, std::move(options));
  port_ = service_->listen().value();

  std::promise<void> ready;
  const Result<void> started = runtime_->start([&](const Result<void>& recovered) {
    if (!recovered) throw std::runtime_error(recovered.error().message);
    runtime_->submit(std::move(registration), [&](const core::Answer& answer) {
      if (answer.error) throw std::runtime_error(answer.error->message);
      ready.set_value();
    });
  });
  if (!started) throw std::runtime_error(started.error().message);
  thread_ = std::thread([this] { loop_.run(); });
  ready.get_future().get();
}

ServiceFixture::~ServiceFixture() {
  loop_.post([this] {
    service_->stop(Milliseconds(0), [this] { runtime_->stop([this] { loop_.stop(); }); });
  });
  thread_.join();
  service_.reset();
  runtime_.reset();
}

void ServiceFixture::on_loop(const std::function<void()>& task) {
  std::promise<void> done;
  loop_.post([&] {
    task();
    done.set_value();
  });
  done.get_future().get();
}

std::vector<std::string> ServiceFixture::send(std::string_view body) {
  const Reply reply = post_to(port_, "/e/test", body);
  if (reply.status != 200) throw std::runtime_error("an event was refused: " + reply.body);
  std::vector<std::string> ids;
  const JsonView array = *parse_json(reply.body)->find("ids");
  for (JsonElements it = array.elements(); it.next();) ids.push_back(*it.value().as_string());
  return ids;
}

std::string ServiceFixture::wait_for(const std::string& path,
                                     const std::function<bool(const JsonView&)>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  HttpClient client(port_);
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
