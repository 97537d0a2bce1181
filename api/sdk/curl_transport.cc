#include "api/sdk/curl_transport.h"

#include <curl/curl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <chrono>
#include <optional>
#include <unordered_map>
#include <utility>

#include "schema/check.h"

namespace stepwell::sdk {
namespace {

constexpr long kKeptConnections = 256;

struct Job {
  uint64_t id = 0;
  Exchange exchange;
  Transport::Done done;
  AddressPolicy addresses;
  CURL* easy = nullptr;
  curl_slist* fields = nullptr;
  HttpResponse response;
  Milliseconds stale_within{};
  std::optional<std::chrono::steady_clock::time_point> sent_at;
  std::optional<std::chrono::steady_clock::time_point> reconnected_at;
  std::string denied;  // the address that was refused, and why
  bool is_ended_late = false;
  bool is_too_large = false;
  bool is_head_too_large = false;
  bool is_head_over = false;
  size_t head_bytes = 0;
  char problem[CURL_ERROR_SIZE] = {};

  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(fields);
  }
};

size_t on_body(char* bytes, size_t, size_t count, void* data) {
  Job& job = *static_cast<Job*>(data);
  if (job.response.body.size() + count > job.exchange.response_bytes_max) {
    job.is_too_large = true;
    return 0;
  }
  job.response.body.append(bytes, count);
  return count;
}

size_t on_head_line(char* bytes, size_t, size_t count, void* data) {
  constexpr size_t kHeadBytesMax = 32 * 1024;
  Job& job = *static_cast<Job*>(data);
  job.head_bytes += count;
  if (job.head_bytes > kHeadBytesMax) {
    job.is_head_too_large = true;
    return 0;
  }
  std::string_view line(bytes, count);
  if (line.starts_with("HTTP/")) {  // another response than the interim one before
    job.response.headers.clear();
    job.is_head_over = false;
    return count;
  }
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  job.is_head_over |= line.empty();
  if (job.is_head_over) return count;  // trailers are no fields of the head
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return count;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  job.response.headers.append_name(line.substr(0, colon));
  job.response.headers.append_value(value);
  job.response.headers.end_field();
  return count;
}

// The address is judged at the last moment before it is connected to.
curl_socket_t on_open_socket(void* data, curlsocktype, curl_sockaddr* address) {
  Job& job = *static_cast<Job*>(data);
  const Result<void> allowed = check_address(address->addr, job.addresses);
  if (!allowed) {
    job.denied = allowed.error().message;
    return CURL_SOCKET_BAD;
  }
  if (job.sent_at && !job.reconnected_at) job.reconnected_at = std::chrono::steady_clock::now();
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// There is a connection to send the request over. Libcurl sends it again when a kept connection
// ends before anything came back, however late that is; an app may have been at work on it by then.
int on_connection(void* data, char*, char*, int, int) {
  Job& job = *static_cast<Job*>(data);
  job.denied.clear();  // another address of the name was not
  const auto now = std::chrono::steady_clock::now();
  const auto ended_at = job.reconnected_at.value_or(now);
  job.is_ended_late = job.sent_at && ended_at - *job.sent_at > job.stale_within;
  job.sent_at = now;
  job.reconnected_at.reset();
  return job.is_ended_late ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

HttpFailure failure_of(const Job& job, CURLcode code) {
  using Kind = HttpFailure::Kind;
  if (!job.denied.empty()) return {Kind::kDenied, job.denied};
  if (job.is_too_large) {
    return {Kind::kTooLarge, fmt::format("the response is over the limit of {} bytes",
                                         job.exchange.response_bytes_max)};
  }
  if (job.is_head_too_large) return {Kind::kMalformed, "its head is too long"};
  if (job.is_ended_late) return {Kind::kReset, "the connection ended before the response began"};
  const std::string message = job.problem[0] != '\0' ? job.problem : curl_easy_strerror(code);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: {
      curl_off_t connected = 0;
      curl_easy_getinfo(job.easy, CURLINFO_APPCONNECT_TIME_T, &connected);
      if (connected == 0) return {Kind::kUnreachable, "no connection: " + message};
      return {Kind::kTimeout,
              fmt::format("no complete response within {} ms", job.exchange.timeout.count())};
    }
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return {Kind::kUnreachable, "no connection: " + message};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
      return {Kind::kMalformed, message};
    default:
      return {Kind::kReset, message};
  }
}

}  // namespace

class CurlTransport::Impl {
 public:
  Impl(server::UvLoop& loop, CurlOptions options)
      : loop_(loop),
        options_(std::move(options)),
        timer_(loop, [this] { act(CURL_SOCKET_TIMEOUT, 0); }) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    CHECK_INVARIANT(ready == CURLE_OK, "libcurl does not start");
    multi_ = curl_multi_init();
    CHECK_INVARIANT(multi_ != nullptr, "no memory for libcurl");
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kKeptConnections);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  }

  ~Impl() {
    for (auto& [id, job] : jobs_) curl_multi_remove_handle(multi_, job->easy);
    jobs_.clear();
    curl_multi_cleanup(multi_);  // closes the kept connections, and their polls through on_socket
  }

  void start(uint64_t id, Exchange exchange, Done done) {
    auto job = std::make_unique<Job>();
    job->id = id;
    job->exchange = std::move(exchange);
    job->done = std::move(done);
    job->addresses = options_.addresses;
    job->stale_within = options_.stale_within;
    prepare(*job);
    CURL* easy = job->easy;
    jobs_.emplace(id, std::move(job));
    CHECK_INVARIANT(curl_multi_add_handle(multi_, easy) == CURLM_OK);
  }

  void cancel(uint64_t id) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    curl_multi_remove_handle(multi_, found->second->easy);
    jobs_.erase(found);
  }

 private:
  struct Poll {
    uv_poll_t handle;
    Impl* owner;
    curl_socket_t socket;
    int events = 0;  // that libcurl waits for
  };

  void prepare(Job& job) {
    CURL* easy = curl_easy_init();
    CHECK_INVARIANT(easy != nullptr, "no memory for libcurl");
    job.easy = easy;
    job.response.url = job.exchange.url;
    bool has_type = false;
    for (const auto& [name, value] : job.exchange.headers) {
      has_type |= server::equals_ignoring_case(name, "content-type");
      // "name;" is libcurl's way to write a field with an empty value.
      const std::string line = value.empty() ? name + ";" : name + ": " + value;
      job.fields = curl_slist_append(job.fields, line.c_str());
    }
    // Without a value: libcurl's own is left out.
    job.fields = curl_slist_append(job.fields, "Expect:");
    if (!has_type) job.fields = curl_slist_append(job.fields, "Content-Type:");
    curl_easy_setopt(easy, CURLOPT_URL, job.exchange.url.to_string().c_str());
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, job.fields);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, job.exchange.method.c_str());
    if (job.exchange.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    const bool may_lack_body = job.exchange.method == "GET" || job.exchange.method == "HEAD";
    if (!job.exchange.body.empty() || !may_lack_body) {
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(job.exchange.body.size()));
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, job.exchange.body.data());
    }
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, long{options_.connect_timeout.count()});
    // A look-up that is given up is left to itself: curl would wait for it, on the loop's thread.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, long{job.exchange.timeout.count()});
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, long{options_.idle_timeout.count() / 1000});
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &job);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connection);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, &job);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &job);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &job);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, job.problem);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &job);
    if (!options_.ca_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    }
  }

  static int on_timer(CURLM*, long delay_ms, void* data) {
    auto& self = *static_cast<Impl*>(data);
    if (delay_ms < 0) {
      self.timer_.disarm();
    } else {
      self.timer_.arm_after(Milliseconds(delay_ms));
    }
    return 0;
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* data, void* assigned) {
    auto& self = *static_cast<Impl*>(data);
    auto* poll = static_cast<Poll*>(assigned);
    if (what == CURL_POLL_REMOVE) {
      if (poll == nullptr) return 0;
      curl_multi_assign(self.multi_, socket, nullptr);
      uv_poll_stop(&poll->handle);
      uv_close(reinterpret_cast<uv_handle_t*>(&poll->handle),
               [](uv_handle_t* handle) { delete static_cast<Poll*>(handle->data); });
      return 0;
    }
    if (poll == nullptr) {
      poll = new Poll{{}, &self, socket, 0};
      CHECK_INVARIANT(uv_poll_init_socket(self.loop_.handle(), &poll->handle, socket) == 0);
      poll->handle.data = poll;
      curl_multi_assign(self.multi_, socket, poll);
    }
    poll->events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                   ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
    uv_poll_start(&poll->handle, poll->events, on_ready);
    return 0;
  }

  static void on_ready(uv_poll_t* handle, int status, int events) {
    const auto& poll = *static_cast<Poll*>(handle->data);
    int flags = 0;
    if (status < 0) {
      // A socket in error is read and written too: told of it as CURL_CSELECT_ERR, libcurl would
      // not see that a kept connection was stale. It may read what came before the error first, and
      // libuv has stopped the poll.
      flags = CURL_CSELECT_IN | CURL_CSELECT_OUT;
      uv_poll_start(handle, poll.events, on_ready);
    }
    if ((events & UV_READABLE) != 0) flags |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0) flags |= CURL_CSELECT_OUT;
    poll.owner->act(poll.socket, flags);
  }

  void act(curl_socket_t socket, int flags) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, flags, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) completed(message->easy_handle, message->data.result);
    }
  }

  void completed(CURL* easy, CURLcode code) {
    char* data = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &data);
    const auto found = jobs_.find(reinterpret_cast<Job*>(data)->id);
    const std::unique_ptr<Job> job = std::move(found->second);
    jobs_.erase(found);
    HttpOutcome outcome;
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      job->response.status = static_cast<int>(status);
      outcome = std::move(job->response);
    } else {
      outcome = failure_of(*job, code);
    }
    curl_multi_remove_handle(multi_, easy);
    job->done(std::move(outcome));
  }

  server::UvLoop& loop_;
  CurlOptions options_;
  server::Timer timer_;
  CURLM* multi_ = nullptr;
  std::unordered_map<uint64_t, std::unique_ptr<Job>> jobs_;
};

CurlTransport::CurlTransport(server::UvLoop& loop, CurlOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
CurlTransport::~CurlTransport() = default;

void CurlTransport::start(uint64_t id, Exchange exchange, Done done) {
  impl_->start(id, std::move(exchange), std::move(done));
}

void CurlTransport::cancel(uint64_t id) {
  impl_->cancel(id);
}

}  // namespace stepwell::sdk
