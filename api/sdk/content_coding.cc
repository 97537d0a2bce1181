#include "api/sdk/content_coding.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

#include "api/server/request.h"

namespace stepwell::sdk {
namespace {

constexpr int kGzip = 15 + 16;  // zlib's names for formats: window bits, plus 16 for gzip
constexpr int kZlib = 15;
constexpr int kRaw = -15;
constexpr int kCodingsMax = 3;  // one upon the other

struct End {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    delete stream;
  }
};

Result<std::string> inflate_text(std::string_view body, int format, size_t bytes_max) {
  std::unique_ptr<z_stream, End> stream(new z_stream{});
  if (inflateInit2(stream.get(), format) != Z_OK) {
    return Error{ErrorCode::kUnavailable, "no memory to decompress"};
  }
  // zlib takes what it reads as not const, and does not change it.
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream->avail_in = static_cast<uInt>(body.size());
  std::string out;
  std::string piece(64 * 1024, '\0');
  while (true) {
    stream->next_out = reinterpret_cast<Bytef*>(piece.data());
    stream->avail_out = static_cast<uInt>(piece.size());
    const int result = inflate(stream.get(), Z_NO_FLUSH);
    const size_t written = piece.size() - stream->avail_out;
    if (out.size() + written > bytes_max) {
      return Error{ErrorCode::kTooLarge, "the decompressed text is over the limit"};
    }
    out.append(piece, 0, written);
    if (result == Z_STREAM_END) {
      if (stream->avail_in == 0) return out;
      if (format != kGzip || inflateReset(stream.get()) != Z_OK) break;  // gzip has members
      continue;
    }
    if (result != Z_OK || (written == 0 && stream->avail_in == 0)) break;
  }
  return Error{ErrorCode::kInvalid, "the compressed text is damaged or incomplete"};
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Result<std::string> decode_one(std::string_view coding, std::string body, size_t bytes_max) {
  const auto is = [&](std::string_view name) { return server::equals_ignoring_case(coding, name); };
  if (coding.empty() || is("identity")) return body;
  if (is("gzip") || is("x-gzip")) return inflate_text(body, kGzip, bytes_max);
  if (is("deflate")) {
    // The standard means zlib's format; some servers send the bare stream.
    Result<std::string> text = inflate_text(body, kZlib, bytes_max);
    if (text || text.error().code == ErrorCode::kTooLarge) return text;
    return inflate_text(body, kRaw, bytes_max);
  }
  return Error{ErrorCode::kInvalid,
               fmt::format("the Content-Encoding \"{}\" was not asked for", coding)};
}

}  // namespace

Result<std::string> decode_content(std::string_view codings, std::string body, size_t bytes_max) {
  if (body.empty()) return body;
  // The last one named was applied last.
  for (int layer = 0; !codings.empty(); ++layer) {
    if (layer == kCodingsMax) return Error{ErrorCode::kInvalid, "too many content codings"};
    const size_t comma = codings.rfind(',');
    const size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
    Result<std::string> decoded =
        decode_one(trim(codings.substr(begin)), std::move(body), bytes_max);
    if (!decoded) return decoded.error();
    body = std::move(*decoded);
    codings = codings.substr(0, comma == std::string_view::npos ? 0 : comma);
  }
  return body;
}

}  // namespace stepwell::sdk
