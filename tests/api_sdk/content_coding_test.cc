#include "api/sdk/content_coding.h"

#include <doctest/doctest.h>
#include <zlib.h>

namespace stepwell::sdk {
namespace {

std::string pack(const std::string& text, int format) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

constexpr int kGzip = 31;
constexpr int kZlib = 15;
constexpr int kRaw = -15;

TEST_CASE("each coding, alone and one upon the other") {
  const std::string text = "a text, a text, a text";
  const auto decode = [](std::string_view codings, std::string body) {
    return decode_content(codings, std::move(body), 1000).value();
  };
  CHECK(decode("", text) == text);
  CHECK(decode("identity", text) == text);
  CHECK(decode("gzip", pack(text, kGzip)) == text);
  CHECK(decode("X-GZIP", pack(text, kGzip)) == text);
  CHECK(decode("gzip", pack(text, kGzip) + pack(text, kGzip)) == text + text);
  CHECK(decode("deflate", pack(text, kZlib)) == text);
  CHECK(decode("deflate", pack(text, kRaw)) == text);
  CHECK(decode("deflate, gzip", pack(pack(text, kZlib), kGzip)) == text);
}

TEST_CASE("damage, truncation and codings that nobody asked for are errors") {
  const std::string packed = pack(std::string(500, 'x') + "y", kGzip);
  const auto code = [](std::string_view codings, std::string body) {
    return decode_content(codings, std::move(body), 1000).error().code;
  };
  CHECK(code("gzip", "not compressed") == ErrorCode::kInvalid);
  CHECK(code("gzip", packed.substr(0, packed.size() - 9)) == ErrorCode::kInvalid);
  CHECK(code("deflate", "not compressed") == ErrorCode::kInvalid);
  CHECK(code("br", "x") == ErrorCode::kInvalid);
  CHECK(code("gzip,gzip,gzip,gzip", pack(pack(pack(packed, kGzip), kGzip), kGzip)) ==
        ErrorCode::kInvalid);
}

TEST_CASE("a bomb is given up at the limit") {
  const std::string bomb = pack(std::string(64u << 20, '\0'), kGzip);
  CHECK(bomb.size() < 100'000);
  CHECK(decode_content("gzip", bomb, 1u << 20).error().code == ErrorCode::kTooLarge);
  CHECK(decode_content("deflate", pack(std::string(2000, '\0'), kRaw), 1000).error().code ==
        ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace stepwell::sdk
