#include "api/sdk/response_parser.h"

#include <llhttp.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace stepwell::sdk {
namespace {

// Memory is given for bytes that came, not for promises.
constexpr size_t kBodyReserveMax = 256 * 1024;

}  // namespace

// llhttp and its callbacks, which only note what they are told.
struct ResponseParser::Llhttp {
  llhttp_t state;
  bool headers_complete = false;
  size_t trailer_bytes = 0;

  static ResponseParser& self(llhttp_t* state) {
    return *static_cast<ResponseParser*>(state->data);
  }
  static const llhttp_settings_t& settings();

  void reset(ResponseParser& parser) {
    llhttp_init(&state, HTTP_RESPONSE, &settings());
    state.data = &parser;
    headers_complete = false;
    trailer_bytes = 0;
  }

  // Trailers are read over, but not for ever.
  int pass_trailer(size_t length) {
    trailer_bytes += length;
    if (trailer_bytes <= server::Limits().trailer_bytes_max) return 0;
    llhttp_set_error_reason(&state, "its trailers are too long");
    return HPE_USER;
  }

  static int on_field_name(llhttp_t* state, const char* at, size_t length) {
    ResponseParser& parser = self(state);
    if (parser.is_in_body_) return parser.llhttp_->pass_trailer(length);
    parser.headers_.append_name({at, length});
    return 0;
  }
  static int on_field_value(llhttp_t* state, const char* at, size_t length) {
    ResponseParser& parser = self(state);
    if (parser.is_in_body_) return parser.llhttp_->pass_trailer(length);
    parser.headers_.append_value({at, length});
    return 0;
  }
  static int on_field_end(llhttp_t* state) {
    ResponseParser& parser = self(state);
    if (parser.is_in_body_) return 0;
    parser.headers_.end_field();
    return parser.headers_.size() <= parser.limits_.header_count_max ? 0 : -1;
  }
  static int on_headers_complete(llhttp_t* state) {
    ResponseParser& parser = self(state);
    parser.llhttp_->headers_complete = true;
    parser.status_ = state->status_code;
    parser.keep_alive_ = llhttp_should_keep_alive(state) != 0;
    state->upgrade = 0;
    return parser.has_no_body_ ? 1 : 0;
  }
  static int on_body(llhttp_t* state, const char* at, size_t length) {
    ResponseParser& parser = self(state);
    if (parser.body_.size() + length > parser.body_bytes_max_) {
      parser.is_too_large_ = true;
      return -1;
    }
    parser.body_.append(at, length);
    return 0;
  }
  static int on_message_complete(llhttp_t* state) {
    self(state).is_complete_ = true;
    return HPE_PAUSED;
  }
};

const llhttp_settings_t& ResponseParser::Llhttp::settings() {
  static const llhttp_settings_t instance = [] {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_header_field = on_field_name;
    settings.on_header_value = on_field_value;
    settings.on_header_value_complete = on_field_end;
    settings.on_headers_complete = on_headers_complete;
    settings.on_body = on_body;
    settings.on_message_complete = on_message_complete;
    return settings;
  }();
  return instance;
}

ResponseParser::ResponseParser(size_t body_bytes_max, bool has_no_body)
    : guard_(limits_),
      llhttp_(std::make_unique<Llhttp>()),
      body_bytes_max_(body_bytes_max),
      has_no_body_(has_no_body) {
  llhttp_->reset(*this);
}

ResponseParser::~ResponseParser() = default;

ResponseParser::Event ResponseParser::feed(std::string_view bytes) {
  while (true) {
    if (!is_in_body_) {
      const Event event = feed_head(bytes);
      if (event != Event::kNeedMore || !is_in_body_) return event;
    }
    size_t consumed = 0;
    const Event event = run(bytes, consumed);
    bytes.remove_prefix(consumed);
    if (event != Event::kMessage) return event;
    if (status_ < 100) return fail("its status is none");
    const bool is_interim = status_ < 200;
    if (!is_interim) {
      has_surplus_ = !bytes.empty();
      return event;
    }
    if (status_ == 101) return fail("it switches to another protocol");
    // What matters comes behind it.
    is_in_body_ = false;
    is_complete_ = false;
    headers_.clear();
    guard_.reset();
    llhttp_->reset(*this);
  }
}

// Takes what belongs to the head from `bytes`; enters the body at its end.
ResponseParser::Event ResponseParser::feed_head(std::string_view& bytes) {
  const server::HeadGuard::Outcome outcome = guard_.scan(bytes);
  using Verdict = server::HeadGuard::Verdict;
  if (outcome.verdict == Verdict::kLineTooLong || outcome.verdict == Verdict::kFieldsTooLong) {
    return fail("its head is too long");
  }
  if (outcome.verdict == Verdict::kMalformed) return fail("its head is malformed");
  const llhttp_errno_t error = llhttp_execute(&llhttp_->state, bytes.data(), outcome.taken);
  // A message without a body is complete, and paused, at the end of its head.
  if (error != HPE_OK && error != HPE_PAUSED) {
    return fail(std::string("it is no HTTP: ") + llhttp_get_error_reason(&llhttp_->state));
  }
  bytes.remove_prefix(outcome.taken);
  if (outcome.verdict == Verdict::kMore) return Event::kNeedMore;
  if (!llhttp_->headers_complete) return fail("its head is malformed");
  is_in_body_ = true;
  return begin_body() ? Event::kNeedMore : Event::kTooLarge;
}

// False: the announced length is over the limit.
bool ResponseParser::begin_body() {
  const uint64_t announced = llhttp_->state.content_length;
  const bool is_known = (llhttp_->state.flags & F_CONTENT_LENGTH) != 0;
  if (is_known && !is_complete_ && !has_no_body_) {
    if (announced > body_bytes_max_) return false;
    body_.reserve(std::min<size_t>(announced, kBodyReserveMax));
  }
  return true;
}

ResponseParser::Event ResponseParser::run(std::string_view bytes, size_t& consumed) {
  consumed = 0;
  if (is_complete_) return Event::kMessage;
  const llhttp_errno_t error = llhttp_execute(&llhttp_->state, bytes.data(), bytes.size());
  if (error == HPE_OK) {
    consumed = bytes.size();
    return Event::kNeedMore;
  }
  if (is_too_large_) return Event::kTooLarge;
  if (error != HPE_PAUSED || !is_complete_) {
    return fail(std::string("it is no HTTP: ") + llhttp_get_error_reason(&llhttp_->state));
  }
  consumed = static_cast<size_t>(llhttp_get_error_pos(&llhttp_->state) - bytes.data());
  return Event::kMessage;
}

ResponseParser::Event ResponseParser::finish() {
  if (!is_in_body_) return fail("the connection ended before its head did");
  if (llhttp_message_needs_eof(&llhttp_->state) == 0) {
    return fail("the connection ended before its body did");
  }
  if (status_ < 100) return fail("its status is none");
  keep_alive_ = false;
  return Event::kMessage;
}

ResponseParser::Event ResponseParser::fail(std::string problem) {
  problem_ = std::move(problem);
  return Event::kMalformed;
}

std::optional<std::chrono::milliseconds> keep_alive_timeout(std::string_view field) {
  constexpr std::string_view kName = "timeout=";
  constexpr int kSecondsMax = 3600;
  const size_t at = field.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  int seconds = 0;
  const char* begin = field.data() + at + kName.size();
  const auto parsed = std::from_chars(begin, field.data() + field.size(), seconds);
  if (parsed.ec != std::errc() || seconds < 0 || seconds > kSecondsMax) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace stepwell::sdk
