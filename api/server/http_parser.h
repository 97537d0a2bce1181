// Parses HTTP/1 requests from bytes as they arrive. Does no I/O.
//
// llhttp knows the grammar; it is stricter than most parsers and still not strict enough to sit
// behind a proxy that reads a request differently (request smuggling). So the head's bytes first
// pass a guard of our own, which knows only lines, and the framing is checked again at its end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/server/limits.h"
#include "api/server/request.h"

namespace stepwell::server {

// Looks at a head's bytes one by one: refuses what no honest client sends (control bytes, line ends
// other than CR LF, folded fields) and heads over the limits, and finds the head's end.
class HeadGuard {
 public:
  enum class Verdict {
    kMore,           // all bytes belong to the head, and it goes on
    kEnd,            // the head ends behind the first `taken` bytes
    kMalformed,      // 400
    kLineTooLong,    // 414
    kFieldsTooLong,  // 431
  };
  struct Outcome {
    Verdict verdict;
    size_t taken;
  };

  explicit HeadGuard(const Limits& limits) : limits_(limits) {}

  Outcome scan(std::string_view bytes);
  // Whether any byte of a head was seen; one empty line before it does not count.
  bool has_begun() const { return state_ > State::kLeadingLf; }
  void reset();

 private:
  enum class State {
    kStart,      // before the request line, where one empty line is allowed
    kLeadingLf,  // after the CR of that line
    kRequestLine,
    kLineEnd,     // after a CR: a LF must follow
    kFieldStart,  // at the first byte of a field line, or the empty line
    kField,
    kHeadEnd,  // after the CR of the empty line
  };

  Verdict step(unsigned char byte);
  Verdict step_line(unsigned char byte);
  Verdict step_field_start(unsigned char byte);

  const Limits& limits_;
  State state_ = State::kStart;
  bool saw_empty_line_ = false;
  size_t line_bytes_ = 0;   // of the request line
  size_t field_bytes_ = 0;  // of all fields
};

// The parser of one connection: a sequence of requests.
//   while (...) { auto progress = parser.feed(bytes); bytes.remove_prefix(progress.consumed); ... }
class RequestParser {
 public:
  enum class Event {
    kNeedMore,  // everything was consumed
    kHead,      // request() is complete but for its body; set_body_limit() now, then feed on
    kMessage,   // the request is complete: take_request(); the rest belongs to the next one
    kError,     // error() says what to answer; nothing more can be read
  };
  struct Progress {
    Event event;
    size_t consumed;
  };
  struct Failure {
    int status = 400;
    std::string message;
  };

  // `limits` must outlive the parser.
  explicit RequestParser(const Limits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  Progress feed(std::string_view bytes);

  // After kHead.
  Request& request() { return request_; }
  bool has_body() const { return has_body_; }
  // The announced length; nothing for a chunked body.
  std::optional<uint64_t> content_length() const { return content_length_; }
  void set_body_limit(size_t bytes) { body_limit_ = bytes; }
  // Whether the client will send another request on this connection.
  bool keep_alive() const { return keep_alive_; }

  // After kMessage: hands the request over and gets ready for the next one.
  Request take_request();

  const Failure& error() const { return failure_; }
  // Whether some of a request was read, and not all.
  bool is_inside_message() const;
  bool is_reading_body() const { return phase_ == Phase::kBody; }

 private:
  struct Llhttp;

  Progress feed_head(std::string_view bytes);
  Progress feed_body(std::string_view bytes);
  bool run_llhttp(std::string_view bytes, size_t& consumed);
  bool finish_head();
  bool check_framing();
  bool check_target();
  bool append_body(std::string_view piece);
  bool count_trailer(size_t bytes);
  bool fail(int status, std::string message);
  void reset();

  enum class Phase { kHead, kBody, kFailed };

  const Limits& limits_;
  HeadGuard guard_;
  std::unique_ptr<Llhttp> llhttp_;
  Phase phase_ = Phase::kHead;
  Request request_;
  std::string target_;
  bool has_body_ = false;
  bool keep_alive_ = false;
  bool message_complete_ = false;
  std::optional<uint64_t> content_length_;
  size_t body_limit_ = kDefaultBodyLimit;
  size_t chunk_extension_bytes_ = 0;
  size_t trailer_bytes_ = 0;
  Failure failure_;
};

}  // namespace stepwell::server
