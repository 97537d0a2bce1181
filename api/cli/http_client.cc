// A blocking HTTP client: libcurl knows https, proxies and half-dead connections.
#include <curl/curl.h>
#include <fmt/core.h>

#include <mutex>
#include <optional>
#include <vector>

#include "api/cli/client.h"
#include "api/sdk/url.h"
#include "api/server/origin.h"

namespace stepwell::cli {
namespace {

// A server that is busy recovering answers at once; only a dead one takes longer.
constexpr long kConnectSeconds = 10;
// A stream that says nothing for so long is dead: the server says something every 15 seconds.
constexpr long kSilenceSeconds = 60;
// More than any answer of the server has.
constexpr size_t kAnswerBytesMax = 256u << 20;

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

size_t append_body(char* bytes, size_t size, size_t count, void* target) {
  auto& body = *static_cast<std::string*>(target);
  if (body.size() + size * count > kAnswerBytesMax) return 0;
  body.append(bytes, size * count);
  return size * count;
}

// Cuts a stream into events and hands them on.
class EventReader {
 public:
  EventReader(CURL* handle, const Client::OnEvents& on_events)
      : handle_(handle), on_events_(on_events) {}

  static size_t read(char* bytes, size_t size, size_t count, void* target) {
    auto& reader = *static_cast<EventReader*>(target);
    return reader.take({bytes, size * count}) ? size * count : 0;
  }

  bool was_left() const { return was_left_; }
  std::string& rest() { return rest_; }

 private:
  bool take(std::string_view bytes) {
    rest_ += bytes;
    if (rest_.size() > kAnswerBytesMax) return false;
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) return true;  // the body of a refusal
    std::vector<ServerEvent> events;
    size_t begin = 0;
    for (size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
      take_line(std::string_view(rest_).substr(begin, end - begin), events);
      begin = end + 1;
    }
    rest_.erase(0, begin);
    if (on_events_(events)) return true;
    was_left_ = true;
    return false;
  }

  // An empty line ends an event; one without data or a name is none (a comment, say).
  void take_line(std::string_view line, std::vector<ServerEvent>& events) {
    const auto value_of = [line](std::string_view field) {
      return line.starts_with(field) ? std::optional(line.substr(field.size())) : std::nullopt;
    };
    if (const auto name = value_of("event: ")) event_.name = *name;
    if (const auto id = value_of("id: ")) event_.id = *id;
    if (const auto data = value_of("data: ")) {
      event_.data.append(event_.data.empty() ? "" : "\n").append(*data);
    }
    if (!line.empty()) return;
    if (!event_.name.empty() || !event_.data.empty()) events.push_back(event_);
    event_ = {};
  }

  CURL* handle_;
  const Client::OnEvents& on_events_;
  std::string rest_;
  ServerEvent event_;  // as far as it has come
  bool was_left_ = false;
};

class HttpClient final : public Client {
 public:
  explicit HttpClient(HttpClientOptions options) : options_(std::move(options)) {}

  Result<Reply> request(const std::string& method, const std::string& path, const std::string& body,
                        Patience patience) override {
    const std::unique_ptr<CURL, FreeEasy> handle = make_handle(path);
    const auto headers = make_headers(!body.empty());
    Reply reply;
    curl_easy_setopt(handle.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    if (patience == Patience::kUsual) {
      curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, long{options_.answer_timeout.count()});
    } else {
      curl_easy_setopt(handle.get(), CURLOPT_TCP_KEEPALIVE, 1L);  // tells a server that has died
    }
    if (!body.empty()) {
      curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(body.size()));
      curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, body.data());
    }
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, append_body);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &reply.body);
    const CURLcode code = curl_easy_perform(handle.get());
    if (code != CURLE_OK) return unreachable(code, handle.get());
    reply.status = status_of(handle.get());
    reply.redirect = redirect_of(handle.get());
    return reply;
  }

  Result<Reply> stream(const std::string& path, const OnEvents& on_events) override {
    const std::unique_ptr<CURL, FreeEasy> handle = make_handle(path);
    const auto headers = make_headers(false);
    EventReader reader(handle.get(), on_events);
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_TIME, kSilenceSeconds);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, EventReader::read);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &reader);
    const CURLcode code = curl_easy_perform(handle.get());
    if (code != CURLE_OK && !reader.was_left()) return unreachable(code, handle.get());
    return Reply{status_of(handle.get()), std::move(reader.rest()), redirect_of(handle.get())};
  }

  std::string event_key() const override {
    return options_.event_key.empty() ? "dev" : options_.event_key;
  }
  std::string key_source(KeyKind kind) const override {
    return kind == KeyKind::kEvent ? options_.event_key_source : options_.signing_key_source;
  }
  std::string where() const override { return sdk::without_secrets(options_.url); }

 private:
  std::unique_ptr<CURL, FreeEasy> make_handle(const std::string& path) const {
    std::unique_ptr<CURL, FreeEasy> handle(curl_easy_init());
    CHECK_INVARIANT(handle != nullptr, "libcurl gave no handle");
    curl_easy_setopt(handle.get(), CURLOPT_URL, (options_.url + path).c_str());
    curl_easy_setopt(handle.get(), CURLOPT_PATH_AS_IS, 1L);  // an id may be "."
    curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    // This machine's own servers are no business of a proxy's; others are, as http_proxy says.
    if (is_of_this_machine()) curl_easy_setopt(handle.get(), CURLOPT_PROXY, "");
    curl_easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(handle.get(), CURLOPT_USERAGENT, "stepwell-cli");
    return handle;
  }

  bool is_of_this_machine() const {
    std::string_view host = options_.url;
    host.remove_prefix(host.find("://") + 3);
    const auto authority = server::parse_authority(host.substr(0, host.find('/')));
    return authority && server::is_loopback_name(*authority);
  }

  std::unique_ptr<curl_slist, FreeList> make_headers(bool has_body) const {
    curl_slist* list = curl_slist_append(nullptr, "Expect:");
    if (has_body) list = curl_slist_append(list, "Content-Type: application/json");
    if (!options_.signing_key.empty()) {
      list = curl_slist_append(list, ("Authorization: Bearer " + options_.signing_key).c_str());
    }
    return std::unique_ptr<curl_slist, FreeList>(list);
  }

  static int status_of(CURL* handle) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }

  // Redirects are not followed: a request that changes something would go out a second time, and
  // the key with it.
  static std::string redirect_of(CURL* handle) {
    const char* url = nullptr;
    curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &url);
    return url == nullptr ? "" : url;
  }

  Error unreachable(CURLcode code, CURL* handle) const {
    curl_off_t sent_after = 0;  // 0: there was no connection to send it over
    curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &sent_after);
    if (code == CURLE_OPERATION_TIMEDOUT && sent_after > 0) {
      return {
          ErrorCode::kUnavailable,
          fmt::format("{} took the request and did not answer in time; what was asked of it may "
                      "still be done",
                      where())};
    }
    const char* hint = code == CURLE_COULDNT_CONNECT
                           ? "; start one with stepwell dev, or name another with --url"
                           : "";
    return {ErrorCode::kUnavailable,
            fmt::format("no server answers at {} ({}){}", where(), curl_easy_strerror(code), hint)};
  }

  HttpClientOptions options_;
};

}  // namespace

Result<std::unique_ptr<Client>> make_http_client(HttpClientOptions options) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  while (options.url.ends_with('/')) options.url.pop_back();
  if (!options.url.starts_with("http://") && !options.url.starts_with("https://")) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("--url \"{}\" does not begin with http:// or https://",
                             sdk::without_secrets(options.url))};
  }
  return std::unique_ptr<Client>(std::make_unique<HttpClient>(std::move(options)));
}

}  // namespace stepwell::cli
