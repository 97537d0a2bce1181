#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "schema/encoding.h"

using namespace stepwell;

TEST_CASE("hexadecimal") {
  CHECK(hex_encode("") == "");
  CHECK(hex_encode(std::string_view("\0\x0f\xff", 3)) == "000fff");
  CHECK(hex_decode("000fFF") == std::string("\0\x0f\xff", 3));
  CHECK(hex_decode("") == "");
  CHECK_FALSE(hex_decode("0"));
  CHECK_FALSE(hex_decode("0g"));
  CHECK_FALSE(hex_decode(" 0"));
}

// The vectors of RFC 4648, section 10.
TEST_CASE("base64") {
  const char* const vectors[][2] = {{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"},
                                    {"\xfb\xff\xfe", "+//+"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(base64_encode(bytes) == text);
    CHECK(base64_decode(text) == bytes);
  }
  CHECK(base64url_encode("\xfb\xff\xfe") == "-__-");
  CHECK(base64url_decode("-__-") == "\xfb\xff\xfe");
  CHECK(base64url_encode("f") == "Zg");
  CHECK(base64url_decode("Zg") == "f");
}

TEST_CASE("base64 decoding is strict") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm 8=",
                           "Zm8=\n", "-__-", "Zg==Zg==", "=Zg=", "Zm9v="}) {
    CAPTURE(text);
    CHECK_FALSE(base64_decode(text));
  }
  for (const char* text : {"Z", "Zg==", "Zh", "+//+", "Zm9vY", "Zm8="}) {
    CAPTURE(text);
    CHECK_FALSE(base64url_decode(text));
  }
}

TEST_CASE("encodings read back every byte") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    CHECK(base64_decode(base64_encode(bytes)) == bytes);
    CHECK(base64url_decode(base64url_encode(bytes)) == bytes);
    CHECK(hex_decode(hex_encode(bytes)) == bytes);
  }
}

TEST_CASE("constant_time_equal") {
  CHECK(constant_time_equal("", ""));
  CHECK(constant_time_equal("secret", "secret"));
  CHECK_FALSE(constant_time_equal("secret", "Secret"));
  CHECK_FALSE(constant_time_equal("secret", "secret1"));
  CHECK_FALSE(constant_time_equal("secret", ""));
}

TEST_CASE("digests") {
  CHECK(hex_encode(as_bytes(sha1("abc"))) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // A context that was used before starts afresh.
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// The first two vectors of RFC 4231, and an empty key, which must not stand for the key before.
TEST_CASE("HMAC with SHA-256") {
  const auto signature = [](std::string_view key, std::string_view message) {
    return hex_encode(as_bytes(hmac_sha256(key, message)));
  };
  CHECK(signature(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(signature("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(signature("", "") == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  CHECK(signature(std::string(131, '\xaa'),
                  "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("each thread has contexts of its own") {
  std::string other;
  std::thread([&] { other = sha256_hex("abc"); }).join();
  CHECK(other == sha256_hex("abc"));
}
