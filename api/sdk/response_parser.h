// Parses one HTTP/1 response from bytes as they arrive. Does no I/O.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/server/http_parser.h"
#include "api/server/limits.h"
#include "api/server/request.h"

namespace stepwell::sdk {

class ResponseParser {
 public:
  enum class Event {
    kNeedMore,
    kMessage,   // complete; bytes behind it were not asked for
    kTooLarge,  // the body is over its limit
    kMalformed  // problem() says how
  };

  // `has_no_body`: the request was HEAD, so that the head is all.
  ResponseParser(size_t body_bytes_max, bool has_no_body);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  // Interim responses (1xx) are read over.
  Event feed(std::string_view bytes);
  // The connection ended: kMessage if that is how the body was framed, else kMalformed.
  Event finish();

  // After kMessage.
  int status() const { return status_; }
  server::Headers& headers() { return headers_; }
  std::string& body() { return body_; }
  // The connection may carry another exchange.
  bool keep_alive() const { return keep_alive_ && !has_surplus_; }

  const std::string& problem() const { return problem_; }

 private:
  struct Llhttp;

  Event feed_head(std::string_view& bytes);
  Event run(std::string_view bytes, size_t& consumed);
  Event fail(std::string problem);
  bool begin_body();

  server::Limits limits_;
  server::HeadGuard guard_;
  std::unique_ptr<Llhttp> llhttp_;
  size_t body_bytes_max_;
  bool has_no_body_;
  bool is_in_body_ = false;
  bool is_complete_ = false;
  bool is_too_large_ = false;
  bool keep_alive_ = false;
  bool has_surplus_ = false;
  int status_ = 0;
  server::Headers headers_;
  std::string body_;
  std::string problem_;
};

// The number of seconds in "timeout=5" of a Keep-Alive field, within an hour; nothing if it has
// none. The server closes the connection when it has been idle for so long.
std::optional<std::chrono::milliseconds> keep_alive_timeout(std::string_view field);

}  // namespace stepwell::sdk
