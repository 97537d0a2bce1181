#include "tests/crash/client.h"

#include <chrono>
#include <optional>
#include <stdexcept>

#include "schema/json.h"
#include "tests/crash/functions.h"
#include "tests/server/http_client.h"

namespace stepwell::crash {
namespace {

// Between two tries against a server that is not there; nothing tells when it will be.
void pause() {
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

std::optional<server::Reply> try_request(uint16_t port, const std::string& path,
                                         const std::string* body) {
  try {
    return body != nullptr ? server::post_to(port, path, *body) : server::fetch(port, path);
  } catch (const std::exception&) {
    return std::nullopt;  // it died, or is not up yet
  }
}

std::string text_of(const JsonView& object, std::string_view key) {
  auto member = object.find(key);
  return member ? member->as_string().value_or("") : std::string();
}

}  // namespace

void Ledger::acknowledged(const std::string& event_id, const std::string& kind) {
  std::lock_guard lock(mutex_);
  events_[event_id] = kind;
}

bool Ledger::observed(const std::string& run_id, const std::string& key, const std::string& data) {
  std::lock_guard lock(mutex_);
  auto [seen, is_new] = steps_.try_emplace({run_id, key}, data);
  if (is_new || seen->second == data) return true;
  contradictions_.push_back("run " + run_id + ", step " + key + ": was " + seen->second + ", is " +
                            data);
  return false;
}

std::map<std::string, std::string> Ledger::events() const {
  std::lock_guard lock(mutex_);
  return events_;
}

size_t Ledger::observations() const {
  std::lock_guard lock(mutex_);
  return steps_.size();
}

std::vector<std::string> Ledger::contradictions() const {
  std::lock_guard lock(mutex_);
  return contradictions_;
}

std::string Client::get(const std::string& path) const {
  auto reply = try_request(port_, path, nullptr);
  return reply && reply->status == 200 ? reply->body : std::string();
}

bool Client::post(const std::string& path, const std::string& body) const {
  auto reply = try_request(port_, path, &body);
  return reply && reply->status == 200;
}

bool Client::is_healthy() const {
  return !get("/health").empty();
}

void Client::send_events(const std::string& prefix, int count, const std::atomic<int>& allowed,
                         const std::atomic<bool>& stop) {
  for (int i = 0; i < count && !stop; ++i) {
    while (i >= allowed && !stop) pause();
    std::string id = prefix + std::to_string(i);
    std::string kind = kKinds[static_cast<size_t>(i) % std::size(kKinds)];
    JsonWriter event;
    event.begin_object().key("name").string("crash/work").key("id").string(id);
    event.key("data").begin_object().key("id").string(id).key("kind").string(kind);
    std::string body = event.end_object().end_object().take();
    while (!stop) {
      if (post("/e/test", body)) {
        ledger_.acknowledged(id, kind);
        break;
      }
      pause();
    }
  }
}

void Client::answer(const std::atomic<bool>& stop) {
  std::map<std::string, bool> answered;
  while (!stop) {
    for (const auto& [id, kind] : ledger_.events()) {
      if (stop) return;
      if (answered[id]) continue;
      if (kind == "wait") {
        JsonWriter reply;
        reply.begin_object().key("name").string("crash/reply").key("id").string("reply:" + id);
        reply.key("data").begin_object().key("id").string(id).key("token").string("yes");
        answered[id] = post("/e/test", reply.end_object().end_object().take());
      } else if (kind == "signal") {
        // Refused with 404 until the run waits for it.
        JsonWriter signal;
        signal.begin_object().key("signal").string("signal:" + id).key("data").string("yes");
        answered[id] = post("/v1/signals", signal.end_object().take());
      }
    }
    pause();
  }
}

void Client::watch(const std::atomic<bool>& stop) {
  while (!stop) {
    std::vector<RunSummary> runs;
    list_runs("crash-work", runs);
    for (const RunSummary& run : runs) {
      if (stop) return;
      trace(run.id);
    }
    pause();
  }
}

bool Client::list_runs(const std::string& function, std::vector<RunSummary>& runs) const {
  std::string cursor;
  while (true) {
    std::string page = get("/api/runs?limit=100&function=" + function +
                           (cursor.empty() ? "" : "&cursor=" + cursor));
    if (page.empty()) return false;
    JsonView root = JsonView::trusted(page);
    auto data = root.find("data");
    if (!data) return false;
    for (JsonElements it = data->elements(); it.next();) {
      RunSummary run;
      run.id = text_of(it.value(), "id");
      run.function = text_of(it.value(), "function");
      run.status = text_of(it.value(), "status");
      if (auto event = it.value().find("event")) run.event_id = text_of(*event, "id");
      if (auto output = it.value().find("output")) run.output = output->text();
      runs.push_back(std::move(run));
    }
    cursor = text_of(root, "cursor");
    if (cursor.empty()) return true;
  }
}

std::string Client::trace(const std::string& run_id) const {
  std::string body = get("/api/runs/" + run_id);
  if (body.empty()) return {};
  auto data = JsonView::trusted(body).find("data");
  if (!data) return {};
  auto steps = data->find("steps");
  for (JsonElements it = steps ? steps->elements() : JsonView().elements(); it.next();) {
    auto result = it.value().find("data");
    if (text_of(it.value(), "state") != "Completed" || !result) continue;
    ledger_.observed(run_id, text_of(it.value(), "key"), std::string(result->text()));
  }
  return std::string(data->text());
}

}  // namespace stepwell::crash
