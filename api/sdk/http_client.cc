#include "api/sdk/http_client.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "api/sdk/content_coding.h"

namespace stepwell::sdk {
namespace {

// More compressed bytes than this are decompressed off the loop.
constexpr size_t kInlineDecodeBytes = 4 * 1024;

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
  });
}

// What the connection's own fields are: ours to write.
bool is_of_connection(std::string_view name) {
  constexpr std::array<std::string_view, 11> kNames = {
      "host",    "connection", "content-length",   "transfer-encoding", "accept-encoding", "te",
      "trailer", "upgrade",    "proxy-connection", "keep-alive",        "expect"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view own) { return server::equals_ignoring_case(own, name); });
}

bool is_credential(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames = {
      "authorization", "cookie", "proxy-authorization", "x-api-key", "x-inngest-signature"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view own) { return server::equals_ignoring_case(own, name); });
}

// Of all fields of that name, as if they were one (RFC 9110 §5.3).
std::string codings_of(const server::Headers& headers) {
  std::string codings;
  for (size_t i = 0; i < headers.size(); ++i) {
    if (headers.name(i) != "content-encoding") continue;
    if (!codings.empty()) codings += ',';
    codings += headers.value(i);
  }
  return codings;
}

Result<HttpFields> checked_fields(HttpFields fields, const std::string& user_agent) {
  std::erase_if(fields, [](const auto& field) { return is_of_connection(field.first); });
  bool has_agent = false;
  for (const auto& [name, value] : fields) {
    if (!is_token(name)) {
      return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no name of a header", name)};
    }
    if (!is_field_value(value)) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("the value of the header \"{}\" holds control characters", name)};
    }
    has_agent = has_agent || server::equals_ignoring_case(name, "user-agent");
  }
  if (!has_agent) fields.emplace_back("User-Agent", user_agent);
  fields.emplace_back("Accept-Encoding", kAcceptedCodings);
  return fields;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

struct HttpClient::Job {
  HttpRequest request;
  Callback callback;  // none: it was abandoned
  Url url;
  int redirects = 0;
  bool is_under_way = false;
};

HttpClient::HttpClient(Executor& executor, HttpTransports transports, HttpClientOptions options)
    : executor_(executor), options_(std::move(options)), transports_(std::move(transports)) {}

HttpClient::~HttpClient() = default;

uint64_t HttpClient::send(HttpRequest request, Callback callback) {
  const uint64_t id = ++last_id_;
  auto job = std::make_unique<Job>();
  job->request = std::move(request);
  job->callback = std::move(callback);
  const auto refuse = [&](const std::string& why) {
    executor_.post([this, id, why, alive = std::weak_ptr<char>(alive_)] {
      if (!alive.expired()) fail(id, HttpFailure::Kind::kInvalid, why);
    });
  };
  Lane& lane = lanes_[job->request.lane];
  const Result<Url> url = Url::parse(job->request.url);
  Result<HttpFields> fields = checked_fields(std::move(job->request.headers), options_.user_agent);
  Job& added = *jobs_.emplace(id, std::move(job)).first->second;
  if (!url || !fields || !is_token(added.request.method)) {
    refuse(!url      ? url.error().message
           : !fields ? fields.error().message
                     : fmt::format("\"{}\" is no method", added.request.method));
    return id;
  }
  added.url = *url;
  added.request.headers = std::move(*fields);
  if (lane.under_way < options_.lane_requests_max) {
    begin(id);
  } else {
    lane.waiting.push_back(id);
  }
  return id;
}

void HttpClient::begin(uint64_t id) {
  Job& job = *jobs_.at(id);
  job.is_under_way = true;
  ++under_way_;
  ++lanes_.at(job.request.lane).under_way;
  if (job.request.before_sending) job.request.before_sending(job.request);
  hop(id);
}

void HttpClient::hop(uint64_t id) {
  Job& job = *jobs_.at(id);
  // A request that may be redirected is needed again.
  const bool is_last = job.request.redirects.max == 0;
  transport(job.url).start(
      id,
      Exchange{.method = job.request.method,
               .url = job.url,
               .headers = job.request.headers,
               .body = is_last ? std::move(job.request.body) : job.request.body,
               .timeout = job.request.timeout,
               .response_bytes_max = job.request.response_bytes_max},
      [this, id](HttpOutcome outcome) { answered(id, std::move(outcome)); });
}

void HttpClient::answered(uint64_t id, HttpOutcome outcome) {
  auto* response = std::get_if<HttpResponse>(&outcome);
  if (response == nullptr) return finish(id, std::move(outcome));
  Job& job = *jobs_.at(id);
  if (!job.callback) return finish(id, std::move(outcome));
  if (redirected(id, job, *response)) return;
  decode(id, std::move(*response));
}

bool HttpClient::redirected(uint64_t id, Job& job, const HttpResponse& response) {
  const Redirects& rules = job.request.redirects;
  const auto location = response.headers.find("location");
  if (rules.max == 0 || !is_redirect(response.status) || !location) return false;
  const auto refuse = [&](std::string message) {
    fail(id, HttpFailure::Kind::kRedirects, std::move(message));
    return true;
  };
  if (++job.redirects > rules.max) {
    return refuse(fmt::format("it was redirected more than {} times", rules.max));
  }
  Result<Url> next = job.url.resolve(*location);
  if (!next)
    return refuse("it was redirected to where nothing can be called: " + next.error().message);
  const bool leaves_host = next->host != job.url.host;
  if (leaves_host && !rules.may_leave_host) {
    return refuse(fmt::format("it was redirected to another host ({}), which is not followed",
                              next->authority()));
  }
  if (job.url.is_https && !next->is_https) {
    return refuse("it was redirected from https to http, which is not followed");
  }
  HttpRequest& request = job.request;
  // Another port is another server; https in place of http is the same one, as its owner wishes.
  const bool is_upgrade = next->is_https && !job.url.is_https && next->port == 443;
  if (leaves_host || (next->port != job.url.port && !is_upgrade)) {
    std::erase_if(request.headers, [](const auto& field) { return is_credential(field.first); });
  }
  if (rules.repeats_request) {
    next = with_missing_parameters(*next, job.url.query());
  } else if (response.status == 303 || (response.status < 303 && request.method == "POST")) {
    if (request.method != "HEAD") request.method = "GET";
    request.body.clear();
    std::erase_if(request.headers, [](const auto& field) {
      return server::equals_ignoring_case(field.first, "content-type");
    });
  }
  job.url = *next;
  hop(id);
  return true;
}

void HttpClient::decode(uint64_t id, HttpResponse response) {
  std::string codings = codings_of(response.headers);
  if (codings.empty()) return finish(id, std::move(response));
  const size_t bytes_max = jobs_.at(id)->request.response_bytes_max;
  auto decoded = std::make_shared<Result<std::string>>(std::string());
  auto shared = std::make_shared<HttpResponse>(std::move(response));
  auto work = [decoded, shared, codings = std::move(codings), bytes_max] {
    *decoded = decode_content(codings, std::move(shared->body), bytes_max);
  };
  auto done = [this, id, decoded, shared, alive = std::weak_ptr<char>(alive_)] {
    if (alive.expired() || !jobs_.contains(id)) return;
    if (!*decoded) {
      const bool is_large = decoded->error().code == ErrorCode::kTooLarge;
      return fail(id, is_large ? HttpFailure::Kind::kTooLarge : HttpFailure::Kind::kMalformed,
                  decoded->error().message);
    }
    shared->body = std::move(**decoded);
    shared->is_decoded = true;
    finish(id, std::move(*shared));
  };
  if (shared->body.size() > kInlineDecodeBytes) {
    return executor_.offload(std::move(work), std::move(done));
  }
  work();
  done();
}

void HttpClient::fail(uint64_t id, HttpFailure::Kind kind, std::string message) {
  finish(id, HttpFailure{kind, std::move(message)});
}

void HttpClient::finish(uint64_t id, HttpOutcome outcome) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  const std::unique_ptr<Job> job = std::move(found->second);
  jobs_.erase(found);
  const auto lane = lanes_.find(job->request.lane);
  if (!job->is_under_way && lane != lanes_.end()) std::erase(lane->second.waiting, id);
  leave_lane(job->request.lane, job->is_under_way);
  if (job->callback) job->callback(std::move(outcome));
}

void HttpClient::leave_lane(const std::string& name, bool was_under_way) {
  const auto found = lanes_.find(name);
  if (found == lanes_.end()) return;
  Lane& lane = found->second;
  if (was_under_way) {
    --lane.under_way;
    --under_way_;
  }
  if (lane.under_way < options_.lane_requests_max && !lane.waiting.empty()) {
    const uint64_t next = lane.waiting.front();
    lane.waiting.pop_front();
    return begin(next);
  }
  if (lane.under_way == 0 && lane.waiting.empty()) lanes_.erase(found);
}

void HttpClient::cancel(uint64_t id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  const std::unique_ptr<Job> job = std::move(found->second);
  jobs_.erase(found);
  const auto lane = lanes_.find(job->request.lane);
  if (job->is_under_way) {
    transport(job->url).cancel(id);
  } else if (lane != lanes_.end()) {
    std::erase(lane->second.waiting, id);
  }
  leave_lane(job->request.lane, job->is_under_way);
}

void HttpClient::abandon(uint64_t id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  Job& job = *found->second;
  if (!job.is_under_way) return cancel(id);
  job.callback = nullptr;
  job.request.body = {};  // it is not sent on
}

}  // namespace stepwell::sdk
