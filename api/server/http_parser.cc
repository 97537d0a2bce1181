#include "api/server/http_parser.h"

#include <llhttp.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "schema/check.h"

namespace stepwell::server {
namespace {

// A body's buffer starts at no more than this, whatever length was announced: memory is given for
// bytes that came, not for promises.
constexpr size_t kBodyReserveMax = 256 * 1024;

std::optional<Method> method_from(uint8_t code) {
  switch (code) {
    case HTTP_GET:
      return Method::kGet;
    case HTTP_HEAD:
      return Method::kHead;
    case HTTP_POST:
      return Method::kPost;
    case HTTP_PUT:
      return Method::kPut;
    case HTTP_DELETE:
      return Method::kDelete;
    case HTTP_PATCH:
      return Method::kPatch;
    case HTTP_OPTIONS:
      return Method::kOptions;
    default:
      return std::nullopt;
  }
}

std::optional<uint64_t> parse_length(std::string_view digits) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

// llhttp and its callbacks. The callbacks only note what they are told: a callback that refuses
// says why in the parser's failure and returns -1.
struct RequestParser::Llhttp {
  llhttp_t state;
  bool headers_complete = false;

  static RequestParser& self(llhttp_t* state) { return *static_cast<RequestParser*>(state->data); }
  static const llhttp_settings_t& settings();

  void reset(RequestParser& parser) {
    llhttp_init(&state, HTTP_REQUEST, &settings());
    state.data = &parser;
    headers_complete = false;
  }

  static int on_url(llhttp_t* state, const char* at, size_t length) {
    self(state).target_.append(at, length);
    return 0;
  }
  static int on_field_name(llhttp_t* state, const char* at, size_t length) {
    RequestParser& parser = self(state);
    if (parser.phase_ == Phase::kBody) return parser.count_trailer(length) ? 0 : -1;
    parser.request_.headers.append_name({at, length});
    return 0;
  }
  static int on_field_value(llhttp_t* state, const char* at, size_t length) {
    RequestParser& parser = self(state);
    if (parser.phase_ == Phase::kBody) return parser.count_trailer(length) ? 0 : -1;
    parser.request_.headers.append_value({at, length});
    return 0;
  }
  static int on_field_end(llhttp_t* state) {
    RequestParser& parser = self(state);
    if (parser.phase_ == Phase::kBody) return 0;  // trailers are read over, never merged
    Headers& headers = parser.request_.headers;
    headers.end_field();
    if (headers.size() <= parser.limits_.header_count_max) return 0;
    return parser.fail(431, "too many header fields") ? 0 : -1;
  }
  static int on_headers_complete(llhttp_t* state) {
    self(state).llhttp_->headers_complete = true;
    self(state).keep_alive_ = llhttp_should_keep_alive(state) != 0;
    // An upgrade is for the route to accept; without it the request is an ordinary one.
    state->upgrade = 0;
    return 0;
  }
  static int on_chunk_extension(llhttp_t* state, const char*, size_t length) {
    RequestParser& parser = self(state);
    parser.chunk_extension_bytes_ += length;
    if (parser.chunk_extension_bytes_ <= parser.limits_.chunk_extension_bytes_max) return 0;
    return parser.fail(400, "the chunk extensions are too long") ? 0 : -1;
  }
  static int on_body(llhttp_t* state, const char* at, size_t length) {
    return self(state).append_body({at, length}) ? 0 : -1;
  }
  static int on_message_complete(llhttp_t* state) {
    self(state).message_complete_ = true;
    return HPE_PAUSED;
  }
};

const llhttp_settings_t& RequestParser::Llhttp::settings() {
  static const llhttp_settings_t instance = [] {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_header_field = on_field_name;
    settings.on_header_value = on_field_value;
    settings.on_header_value_complete = on_field_end;
    settings.on_headers_complete = on_headers_complete;
    settings.on_chunk_extension_name = on_chunk_extension;
    settings.on_chunk_extension_value = on_chunk_extension;
    settings.on_body = on_body;
    settings.on_message_complete = on_message_complete;
    return settings;
  }();
  return instance;
}

RequestParser::RequestParser(const Limits& limits)
    : limits_(limits), guard_(limits), llhttp_(std::make_unique<Llhttp>()) {
  llhttp_->reset(*this);
}

RequestParser::~RequestParser() = default;

RequestParser::Progress RequestParser::feed(std::string_view bytes) {
  switch (phase_) {
    case Phase::kHead:
      return feed_head(bytes);
    case Phase::kBody:
      return feed_body(bytes);
    case Phase::kFailed:
      break;
  }
  return {Event::kError, 0};
}

RequestParser::Progress RequestParser::feed_head(std::string_view bytes) {
  const HeadGuard::Outcome outcome = guard_.scan(bytes);
  size_t parsed = 0;
  switch (outcome.verdict) {
    case HeadGuard::Verdict::kMalformed:
      fail(400, "the request's head is malformed");
      break;
    case HeadGuard::Verdict::kLineTooLong:
      fail(414, "the request line is too long");
      break;
    case HeadGuard::Verdict::kFieldsTooLong:
      fail(431, "the header fields are too long");
      break;
    case HeadGuard::Verdict::kMore:
      if (!run_llhttp(bytes, parsed)) break;
      // The two must agree on where a head ends, or one of them was tricked.
      if (llhttp_->headers_complete) {
        fail(400, "the request's head is malformed");
        break;
      }
      return {Event::kNeedMore, bytes.size()};
    case HeadGuard::Verdict::kEnd:
      if (!run_llhttp(bytes.substr(0, outcome.taken), parsed)) break;
      if (!llhttp_->headers_complete || parsed != outcome.taken) {
        fail(400, "the request's head is malformed");
        break;
      }
      if (!finish_head()) break;
      phase_ = Phase::kBody;
      return {Event::kHead, outcome.taken};
  }
  return {Event::kError, 0};
}

RequestParser::Progress RequestParser::feed_body(std::string_view bytes) {
  if (message_complete_) return {Event::kMessage, 0};
  size_t parsed = 0;
  if (!run_llhttp(bytes, parsed)) return {Event::kError, 0};
  return {message_complete_ ? Event::kMessage : Event::kNeedMore, parsed};
}

// Runs llhttp until it has all of `bytes` or completes a message; `consumed` is then how far it
// went. False: failed.
bool RequestParser::run_llhttp(std::string_view bytes, size_t& consumed) {
  const llhttp_errno_t code = llhttp_execute(&llhttp_->state, bytes.data(), bytes.size());
  if (code == HPE_OK) {
    consumed = bytes.size();
    return true;
  }
  if (code == HPE_PAUSED && message_complete_) {
    consumed = static_cast<size_t>(llhttp_get_error_pos(&llhttp_->state) - bytes.data());
    return true;
  }
  if (phase_ == Phase::kFailed) return false;  // a callback refused and said why
  if (code == HPE_INVALID_METHOD) return fail(501, "the method is not supported");
  if (code == HPE_INVALID_VERSION) {
    return fail(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  const char* reason = llhttp_get_error_reason(&llhttp_->state);
  return fail(400, reason != nullptr && *reason != '\0' ? reason : "the request is malformed");
}

bool RequestParser::finish_head() {
  const llhttp_t& state = llhttp_->state;
  const std::optional<Method> method = method_from(state.method);
  if (!method) return fail(501, "the method is not supported");
  if (state.http_major != 1 || state.http_minor > 1) {
    return fail(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  request_.method = *method;
  request_.minor_version = state.http_minor;

  if (!check_framing()) return false;
  const size_t hosts = request_.headers.count("host");
  if (hosts > 1 || (hosts == 0 && request_.minor_version == 1)) {
    return fail(400, "exactly one Host field is needed");
  }
  request_.host = request_.headers.find("host").value_or("");
  if (!check_target()) return false;

  if (const auto expected = request_.headers.find("expect")) {
    if (!equals_ignoring_case(*expected, "100-continue")) {
      return fail(417, "only \"Expect: 100-continue\" is understood");
    }
    request_.wants_continue = request_.minor_version == 1;
  }
  return true;
}

// Decides whether there is a body and how it ends, from the fields themselves, and makes sure that
// llhttp took the same decision.
bool RequestParser::check_framing() {
  const Headers& headers = request_.headers;
  const size_t lengths = headers.count("content-length");
  const size_t codings = headers.count("transfer-encoding");
  if (lengths + codings > 1) return fail(400, "the body's length is given more than once");
  if (codings == 1) {
    if (request_.minor_version == 0) return fail(400, "HTTP/1.0 has no transfer codings");
    if (!equals_ignoring_case(*headers.find("transfer-encoding"), "chunked")) {
      return fail(501, "the only transfer coding is \"chunked\"");
    }
    if (message_complete_) return fail(400, "the request is malformed");
    has_body_ = true;
    return true;
  }
  content_length_ = 0;
  if (lengths == 1) content_length_ = parse_length(*headers.find("content-length"));
  if (!content_length_) return fail(400, "the Content-Length is malformed");
  has_body_ = *content_length_ > 0;
  const bool llhttp_agrees = message_complete_ != has_body_ &&
                             (!has_body_ || llhttp_->state.content_length == *content_length_);
  return llhttp_agrees || fail(400, "the Content-Length is malformed");
}

bool RequestParser::check_target() {
  std::string_view target = target_;
  if (target.find('#') != std::string_view::npos) {
    return fail(400, "a request's target has no fragment");
  }
  constexpr std::string_view kScheme = "http://";
  if (target.size() > kScheme.size() &&
      equals_ignoring_case(target.substr(0, kScheme.size()), kScheme)) {
    target.remove_prefix(kScheme.size());
    const size_t authority_end = std::min(target.find_first_of("/?"), target.size());
    if (!equals_ignoring_case(target.substr(0, authority_end), request_.host)) {
      return fail(400, "the target and the Host field name different hosts");
    }
    target.remove_prefix(authority_end);
  } else if (target.empty() || (target.front() != '/' && target != "*")) {
    return fail(400, "the target must be a path");
  }
  const size_t path_end = std::min(target.find('?'), target.size());
  request_.path = path_end == 0 ? "/" : std::string(target.substr(0, path_end));
  auto query = parse_query(target.substr(std::min(path_end + 1, target.size())));
  if (!query) return fail(400, "the query has a malformed escape");
  request_.query = std::move(*query);
  return true;
}

bool RequestParser::append_body(std::string_view piece) {
  std::string& body = request_.body;
  if (piece.size() > body_limit_ - std::min(body.size(), body_limit_)) {
    return fail(413, "the body is too large");
  }
  const size_t needed = body.size() + piece.size() + kBodyPadding;
  if (body.capacity() < needed) {
    const size_t announced =
        static_cast<size_t>(std::min<uint64_t>(content_length_.value_or(0), kBodyReserveMax));
    body.reserve(std::max({needed, 2 * body.capacity(), announced + kBodyPadding}));
  }
  body.append(piece);
  return true;
}

bool RequestParser::count_trailer(size_t bytes) {
  trailer_bytes_ += bytes;
  return trailer_bytes_ <= limits_.trailer_bytes_max || fail(431, "the trailers are too long");
}

// Always false, so that a check can end with it.
bool RequestParser::fail(int status, std::string message) {
  phase_ = Phase::kFailed;
  keep_alive_ = false;
  failure_ = {status, std::move(message)};
  return false;
}

Request RequestParser::take_request() {
  CHECK_INVARIANT(phase_ == Phase::kBody && message_complete_, "the request is not complete");
  Request taken = std::move(request_);
  reset();
  return taken;
}

void RequestParser::reset() {
  guard_.reset();
  llhttp_->reset(*this);
  phase_ = Phase::kHead;
  request_ = Request();
  target_.clear();
  has_body_ = false;
  message_complete_ = false;
  content_length_.reset();
  body_limit_ = kDefaultBodyLimit;
  chunk_extension_bytes_ = 0;
  trailer_bytes_ = 0;
}

bool RequestParser::is_inside_message() const {
  return phase_ == Phase::kBody || (phase_ == Phase::kHead && guard_.has_begun());
}

}  // namespace stepwell::server
