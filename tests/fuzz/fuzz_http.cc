// HTTP requests: where the reads cut must not matter, and what is accepted keeps its promises. The
// first byte chooses the cuts.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/server/http_parser.h"
#include "api/server/origin.h"
#include "schema/check.h"

using namespace stepwell;
using namespace stepwell::server;

namespace {

constexpr size_t kBodyLimit = 512;

struct Parsed {
  std::vector<std::string> requests;
  int error = 0;
  size_t consumed = 0;
};

Limits small_limits() {
  Limits limits;
  limits.request_line_bytes_max = 128;
  limits.header_bytes_max = 512;
  limits.header_count_max = 8;
  limits.chunk_extension_bytes_max = 32;
  limits.trailer_bytes_max = 64;
  return limits;
}

std::string describe(const Request& request) {
  std::string text(method_name(request.method));
  text.append(" ").append(request.path).append(" ").append(request.host);
  for (const auto& [name, value] : request.query) text.append("?").append(name).append(value);
  for (size_t i = 0; i < request.headers.size(); ++i) {
    text.append("\n").append(request.headers.name(i)).append(":").append(request.headers.value(i));
  }
  return text.append("\n\n").append(request.body);
}

void check_promises(const Request& request) {
  CHECK_INVARIANT(request.path.front() == '/' || request.path == "*");
  CHECK_INVARIANT(request.body.size() <= kBodyLimit);
  CHECK_INVARIANT(request.body.capacity() >= request.body.size() + kBodyPadding ||
                  request.body.empty());
  CHECK_INVARIANT(request.headers.count("host") == 1 || request.minor_version == 0);
  CHECK_INVARIANT(
      request.headers.count("content-length") + request.headers.count("transfer-encoding") <= 1);
  for (size_t i = 0; i < request.headers.size(); ++i) {
    CHECK_INVARIANT(!request.headers.name(i).empty());
    const std::string_view value = request.headers.value(i);
    CHECK_INVARIANT(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  // The rules must survive any Host.
  static_cast<void>(OriginRules().check_host(request.host, "127.0.0.1"));
}

Parsed parse(std::string_view bytes, size_t piece) {
  const Limits limits = small_limits();
  RequestParser parser(limits);
  Parsed parsed;
  while (true) {
    const RequestParser::Progress progress = parser.feed(bytes.substr(0, piece));
    CHECK_INVARIANT(progress.consumed <= bytes.size());
    bytes.remove_prefix(progress.consumed);
    switch (progress.event) {
      case RequestParser::Event::kNeedMore:
        if (bytes.empty()) return parsed;
        break;
      case RequestParser::Event::kHead:
        parser.set_body_limit(kBodyLimit);
        break;
      case RequestParser::Event::kMessage: {
        const Request request = parser.take_request();
        check_promises(request);
        parsed.requests.push_back(describe(request));
        break;
      }
      case RequestParser::Event::kError:
        parsed.error = parser.error().status;
        CHECK_INVARIANT(parsed.error >= 400 && parsed.error < 600);
        return parsed;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Parsed whole = parse(bytes, bytes.size() + 1);
  const Parsed cut = parse(bytes, 1 + data[0] % 16);
  CHECK_INVARIANT(whole.requests == cut.requests, "where the reads cut changed the requests");
  CHECK_INVARIANT((whole.error == 0) == (cut.error == 0));
  return 0;
}
