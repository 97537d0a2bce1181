#include "api/server/http_parser.h"

namespace stepwell::server {
namespace {

constexpr unsigned char kCr = '\r';
constexpr unsigned char kLf = '\n';

bool is_visible_ascii(unsigned char byte) {
  return byte > 0x20 && byte < 0x7f;
}

// Field values may hold blanks and, by old custom, bytes above ASCII; no control bytes.
bool is_field_byte(unsigned char byte) {
  return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

}  // namespace

void HeadGuard::reset() {
  state_ = State::kStart;
  saw_empty_line_ = false;
  line_bytes_ = 0;
  field_bytes_ = 0;
}

HeadGuard::Outcome HeadGuard::scan(std::string_view bytes) {
  for (size_t index = 0; index < bytes.size(); ++index) {
    const Verdict verdict = step(static_cast<unsigned char>(bytes[index]));
    if (verdict != Verdict::kMore) return {verdict, index + 1};
  }
  return {Verdict::kMore, bytes.size()};
}

HeadGuard::Verdict HeadGuard::step(unsigned char byte) {
  switch (state_) {
    case State::kStart:
      if (byte == kCr && !saw_empty_line_) {
        state_ = State::kLeadingLf;
        return Verdict::kMore;
      }
      state_ = State::kRequestLine;
      return step_line(byte);
    case State::kLeadingLf:
      saw_empty_line_ = true;
      state_ = State::kStart;
      return byte == kLf ? Verdict::kMore : Verdict::kMalformed;
    case State::kRequestLine:
      return step_line(byte);
    case State::kLineEnd:
      state_ = State::kFieldStart;
      if (field_bytes_ > 0) ++field_bytes_;
      return byte == kLf ? Verdict::kMore : Verdict::kMalformed;
    case State::kFieldStart:
      return step_field_start(byte);
    case State::kField:
      if (++field_bytes_ > limits_.header_bytes_max) return Verdict::kFieldsTooLong;
      if (byte == kCr) {
        state_ = State::kLineEnd;
        return Verdict::kMore;
      }
      return is_field_byte(byte) ? Verdict::kMore : Verdict::kMalformed;
    case State::kHeadEnd:
      return byte == kLf ? Verdict::kEnd : Verdict::kMalformed;
  }
  return Verdict::kMalformed;
}

HeadGuard::Verdict HeadGuard::step_line(unsigned char byte) {
  if (byte == kCr) {
    state_ = State::kLineEnd;
    return line_bytes_ > 0 ? Verdict::kMore : Verdict::kMalformed;
  }
  if (line_bytes_ == 0 && byte == ' ') return Verdict::kMalformed;
  if (++line_bytes_ > limits_.request_line_bytes_max) return Verdict::kLineTooLong;
  return is_visible_ascii(byte) || byte == ' ' ? Verdict::kMore : Verdict::kMalformed;
}

// A line that begins with a blank continues the field before it (obsolete folding): parsers differ
// on what it means, which is how requests are smuggled past a proxy. Likewise a field without a
// name.
HeadGuard::Verdict HeadGuard::step_field_start(unsigned char byte) {
  if (byte == kCr) {
    state_ = State::kHeadEnd;
    return Verdict::kMore;
  }
  if (++field_bytes_ > limits_.header_bytes_max) return Verdict::kFieldsTooLong;
  state_ = State::kField;
  return is_visible_ascii(byte) && byte != ':' ? Verdict::kMore : Verdict::kMalformed;
}

}  // namespace stepwell::server
