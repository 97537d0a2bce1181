#include "api/sdk/http_driver.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "api/sdk/call_answer.h"
#include "api/sdk/call_body.h"
#include "api/sdk/engine_step.h"
#include "api/sdk/signature.h"
#include "api/sdk/url.h"
#include "schema/jcs.h"

namespace stepwell::sdk {
namespace {

// Larger memos are written and signed off the loop.
constexpr size_t kInlineBytes = 64 * 1024;
constexpr int kRedirectsMax = 5;
constexpr Duration kSignatureStaysFresh = std::chrono::minutes(1);
// Each payload is within the limit of its own; events of events, and the call around them, add to
// it.
constexpr JsonLimits kCallLimits{.max_depth = 1024};

size_t estimated_bytes(const core::Call& call) {
  size_t bytes = 0;
  for (const Event& event : call.run->events) bytes += event.data.size();
  for (const core::MemoEntry& entry : call.memo) bytes += entry.data.size() + 64;
  return bytes;
}

struct Written {
  std::string body;
  std::string signature;
};

// Signed bodies are canonical: SDKs bring what they got into that form before they check.
Written write_call(const core::Call& call, const std::optional<server::SigningKey>& key, Time now) {
  Written written{.body = call_body(call), .signature = ""};
  if (!key) return written;
  if (Result<std::string> canonical = canonicalize_json(written.body, kCallLimits)) {
    written.body = std::move(*canonical);
  }
  written.signature = sign_body(*key, written.body, now);
  return written;
}

CallPlace place_of(const core::Call& call) {
  return {.app = call.endpoint->app,
          .function = call.run->function.slug,
          .run = call.run->id.to_string(),
          .url = call.endpoint->url};
}

}  // namespace

HttpDriver::HttpDriver(Executor& executor, HttpClient& apps, HttpClient& others,
                       HttpDriverOptions options, OnReply on_reply)
    : executor_(executor),
      apps_(apps),
      others_(others),
      options_(std::move(options)),
      on_reply_(std::move(on_reply)) {}

HttpDriver::~HttpDriver() {
  drop_all();
}

void HttpDriver::start(core::Call call) {
  const uint64_t number = call.id.number;
  under_way_[number] = {.run = call.run->no, .since = executor_.now()};
  by_run_[call.run->no].insert(number);
  auto shared = std::make_shared<const core::Call>(std::move(call));
  if (shared->kind == core::CallKind::kStep && shared->target_kind != StepKind::kRun) {
    return run_step(number, shared);
  }
  call_app(number, std::move(shared));
}

void HttpDriver::call_app(uint64_t number, std::shared_ptr<const core::Call> call) {
  if (estimated_bytes(*call) <= kInlineBytes) {
    Written written = write_call(*call, options_.signing_key, executor_.now());
    return send(number, call, std::move(written.body), std::move(written.signature));
  }
  auto written = std::make_shared<Written>();
  executor_.offload([written, call, key = options_.signing_key,
                     now = executor_.now()] { *written = write_call(*call, key, now); },
                    [this, number, call, written, alive = std::weak_ptr<char>(alive_)] {
                      if (alive.expired() || !under_way_.contains(number)) return;
                      send(number, call, std::move(written->body), std::move(written->signature));
                    });
}

void HttpDriver::send(uint64_t number, const std::shared_ptr<const core::Call>& call,
                      std::string body, std::string signature) {
  const std::string step =
      call->kind == core::CallKind::kStep ? call->target.to_string() : std::string("step");
  const std::string name = call_name(call->id);
  HttpRequest request;
  request.url = with_parameter(call->endpoint->url, "stepId", step);
  request.headers = {
      {"Content-Type", "application/json"},
      {"User-Agent", "Inngest"},
      {"X-Run-ID", call->run->id.to_string()},
      {"X-Inngest-Step-ID", step},
      {"x-inngest-req-version", std::to_string(call->dialect == 0 ? -1 : call->dialect)},
      {"x-request-id", name},
      {"x-inngest-job-id", name},
  };
  if (!signature.empty()) {
    request.headers.emplace_back("X-Inngest-Signature", signature);
    request.before_sending = [this, signed_at = executor_.now()](HttpRequest& waited) {
      if (executor_.now() - signed_at >= kSignatureStaysFresh) sign_again(waited);
    };
  }
  request.body = std::move(body);
  request.lane = call->endpoint->app;
  request.timeout = options_.call_timeout;
  request.response_bytes_max = kAnswerBytesMax;
  request.redirects = {
      .max = kRedirectsMax, .may_leave_host = options_.may_leave_host, .repeats_request = true};
  UnderWay& under_way = under_way_.at(number);
  under_way.client = &apps_;
  under_way.request = apps_.send(std::move(request), [this, number, call](HttpOutcome outcome) {
    const std::optional<Duration> took = finish(number);
    if (!took) return;
    CallAnswer answer =
        read_answer(std::move(outcome), place_of(*call), call->dialect, executor_.now());
    reply(*call,
          {.outcome = std::move(answer.outcome),
           .parallel = answer.parallel,
           .dialect = answer.dialect},
          *took);
  });
}

// Apps refuse signatures of more than five minutes ago.
void HttpDriver::sign_again(HttpRequest& request) const {
  for (auto& [name, value] : request.headers) {
    if (!server::equals_ignoring_case(name, kSignatureField)) continue;
    value = sign_body(*options_.signing_key, request.body, executor_.now());
  }
}

void HttpDriver::run_step(uint64_t number, const std::shared_ptr<const core::Call>& call) {
  const auto answer = [this, call](std::variant<StepReturned, StepThrew> result, Duration took) {
    StepOp op{.key = call->target, .id = call->target_id, .body = StepPlanned{}, .seen = {}};
    if (auto* returned = std::get_if<StepReturned>(&result)) {
      op.body = std::move(*returned);
    } else {
      op.body = std::move(std::get<StepThrew>(result));
    }
    core::Yielded yielded;
    yielded.ops.push_back(std::move(op));
    reply(*call, {.outcome = std::move(yielded)}, took);
  };
  Result<HttpRequest> request = engine_request(call->target_kind, call->request);
  if (!request) {
    executor_.post([this, number, answer, message = request.error().message,
                    kind = call->target_kind, alive = std::weak_ptr<char>(alive_)] {
      const std::optional<Duration> took = alive.expired() ? std::nullopt : finish(number);
      if (!took) return;
      answer(engine_result(kind, HttpFailure{HttpFailure::Kind::kInvalid, message}, {}), *took);
    });
    return;
  }
  request->lane = call->endpoint->app;
  UnderWay& under_way = under_way_.at(number);
  under_way.client = &others_;
  under_way.request =
      others_.send(std::move(*request), [this, number, call, answer](HttpOutcome outcome) {
        const std::optional<Duration> took = finish(number);
        if (!took) return;
        answer(engine_result(call->target_kind, std::move(outcome), executor_.now()), *took);
      });
}

std::optional<Duration> HttpDriver::finish(uint64_t number) {
  const auto found = under_way_.find(number);
  if (found == under_way_.end()) return std::nullopt;
  const Duration took = executor_.now() - found->second.since;
  const auto run = by_run_.find(found->second.run);
  run->second.erase(number);
  if (run->second.empty()) by_run_.erase(run);
  under_way_.erase(found);
  return took;
}

void HttpDriver::reply(const core::Call& call, core::Reply reply, Duration took) {
  reply.call = call.id;
  reply.run = call.run->no;
  on_reply_(std::move(reply), took);
}

Duration HttpDriver::reported(const core::CallId& call) {
  const auto found = under_way_.find(call.number);
  if (found == under_way_.end()) return Duration(0);
  const Time now = executor_.now();
  return now - std::exchange(found->second.since, now);
}

// The app is not torn from its work: what it is at ends by itself, and counts for nothing.
void HttpDriver::drop(RunNo run) {
  const auto found = by_run_.find(run);
  if (found == by_run_.end()) return;
  for (const uint64_t number : found->second) {
    const UnderWay& call = under_way_.at(number);
    if (call.client != nullptr) call.client->abandon(call.request);
    under_way_.erase(number);
  }
  by_run_.erase(found);
}

// The newest first: those that wait in their lanes, which would begin when others leave.
void HttpDriver::drop_all() {
  std::vector<std::pair<uint64_t, HttpClient*>> requests;
  for (const auto& [number, call] : under_way_) {
    if (call.client != nullptr) requests.emplace_back(call.request, call.client);
  }
  std::sort(requests.rbegin(), requests.rend());
  for (const auto& [request, client] : requests) client->cancel(request);
  under_way_.clear();
  by_run_.clear();
}

}  // namespace stepwell::sdk
