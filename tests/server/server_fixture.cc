#include "tests/server/server_fixture.h"

#include <stdexcept>
#include <utility>

namespace stepwell::server {
namespace {

std::optional<Response> authorize(Access access, const Request& request) {
  if (access == Access::kPublic) return std::nullopt;
  if (request.headers.find("authorization") == "Bearer open") return std::nullopt;
  return Response::error(401, "Authentication failed");
}

void answer_text(const Responder& responder, std::string text) {
  responder.send(Response::text(200, std::move(text)));
}

}  // namespace

ServerFixture::ServerFixture(Limits limits, OriginRules rules)
    : router_(std::move(rules), authorize) {
  add_routes();
  server_ = std::make_unique<HttpServer>(
      loop_, router_, HttpOptions{.limits = limits, .common_lines = "X-Server: test\r\n"});
  port_ = server_->listen("127.0.0.1", 0).value();
  thread_ = std::thread([this] { loop_.run(); });
}

ServerFixture::~ServerFixture() {
  on_loop([this] { server_.reset(); });
  loop_.stop();
  thread_.join();
}

void ServerFixture::add_routes() {
  const auto echo = [](Request&& request, const Responder& responder) {
    answer_text(responder, std::move(request.body));
  };
  router_.add({Method::kGet, "/hello", Access::kPublic, 0,
               [](Request&&, const Responder& responder) { answer_text(responder, "hello"); }});
  router_.add({Method::kPost, "/echo", Access::kPublic, 1024 * 1024, echo});
  router_.add({Method::kPost, "/small", Access::kPublic, 16, echo});
  router_.add({Method::kGet, "/big", Access::kPublic, 0, [](Request&&, const Responder& responder) {
                 answer_text(responder, std::string(8 * 1024 * 1024, 'x'));
               }});
  router_.add({Method::kGet, "/hold", Access::kPublic, 0,
               [this](Request&&, Responder responder) { held_.set_value(std::move(responder)); }});
  router_.add({Method::kGet, "/stream", Access::kPublic, 0, [this](Request&&, Responder responder) {
                 stream_.set_value(responder.stream({.content_type = "text/event-stream"}));
               }});
  router_.add({.method = Method::kPost,
               .pattern = "/sink",
               .policy = Access::kPublic,
               .handler = echo,
               .open_body = [this](const Request& head, const Responder& responder) {
                 return open_sink_(head, responder);
               }});
  router_.add({Method::kGet, "/items/{id}/{part}", Access::kPublic, 0,
               [](Request&& request, const Responder& responder) {
                 std::string text = request.param("id") + "|" + request.param("part") + "|";
                 for (const auto& [name, value] : request.query) text += name + "=" + value + ";";
                 answer_text(responder, std::move(text));
               }});
  router_.add({Method::kGet, "/items/first/{part}", Access::kPublic, 0,
               [](Request&&, const Responder& responder) { answer_text(responder, "first"); }});
  router_.add({Method::kGet, "/drop", Access::kPublic, 0, [](Request&&, const Responder&) {}});
  router_.add({Method::kGet, "/throw", Access::kPublic, 0,
               [](Request&&, const Responder&) { throw std::runtime_error("a handler failed"); }});
  router_.add({Method::kGet, "/secret", Access::kSigningKey, 0,
               [](Request&&, const Responder& responder) { answer_text(responder, "secret"); }});
}

void ServerFixture::on_loop(const std::function<void()>& task) {
  std::promise<void> done;
  loop_.post([&] {
    task();
    done.set_value();
  });
  done.get_future().get();
}

void ServerFixture::wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  bool holds = false;
  while (!holds) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("it never happens");
    on_loop([&] { holds = condition(); });
  }
}

HttpMetrics ServerFixture::metrics() {
  HttpMetrics metrics;
  on_loop([&] { metrics = server_->metrics(); });
  return metrics;
}

std::future<void> ServerFixture::stop(Milliseconds grace) {
  auto stopped = std::make_shared<std::promise<void>>();
  on_loop([&] { server_->stop(grace, [stopped] { stopped->set_value(); }); });
  return stopped->get_future();
}

}  // namespace stepwell::server
