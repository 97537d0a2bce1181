#include "api/sdk/address_policy.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>

#include <cstring>

namespace stepwell::sdk {
namespace {

sockaddr_storage address_of(const char* text) {
  sockaddr_storage storage{};
  in6_addr six{};
  in_addr four{};
  if (inet_pton(AF_INET, text, &four) == 1) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr = four;
    std::memcpy(&storage, &address, sizeof(address));
  } else {
    REQUIRE(inet_pton(AF_INET6, text, &six) == 1);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = six;
    std::memcpy(&storage, &address, sizeof(address));
  }
  return storage;
}

AddressKind kind(const char* text) {
  const sockaddr_storage address = address_of(text);
  return classify(reinterpret_cast<const sockaddr&>(address));
}

TEST_CASE("every kind of address") {
  for (const char* text : {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1",
                           "172.32.0.1", "223.255.255.255", "2606:4700::1", "::ffff:8.8.8.8",
                           "64:ff9b::808:808", "2002:808:808::1"}) {
    CHECK_MESSAGE(kind(text) == AddressKind::kPublic, text);
  }
  for (const char* text : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1",
                           "64:ff9b::7f00:1", "2002:7f00:1::"}) {
    CHECK_MESSAGE(kind(text) == AddressKind::kLoopback, text);
  }
  for (const char* text :
       {"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
        "100.127.255.255", "198.18.0.1", "192.0.0.8", "fc00::1", "fdff::1", "::ffff:10.0.0.1"}) {
    CHECK_MESSAGE(kind(text) == AddressKind::kPrivate, text);
  }
  for (const char* text :
       {"0.0.0.0", "0.1.2.3", "169.254.169.254", "100.100.100.200", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "::127.0.0.1", "fe80::1", "fec0::1", "ff02::1", "fd00:ec2::254",
        "2001:0:1::", "64:ff9b:1::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"}) {
    CHECK_MESSAGE(kind(text) == AddressKind::kForbidden, text);
  }
}

TEST_CASE("a policy opens loopback and private networks, never the rest") {
  const auto allowed = [](const char* text, AddressPolicy policy) {
    const sockaddr_storage address = address_of(text);
    return check_address(reinterpret_cast<const sockaddr&>(address), policy).ok();
  };
  CHECK(allowed("1.1.1.1", {}));
  CHECK(!allowed("127.0.0.1", {}));
  CHECK(!allowed("127.0.0.1", {.allow_private = true}));
  CHECK(allowed("127.0.0.1", {.allow_loopback = true}));
  CHECK(!allowed("10.0.0.1", {.allow_loopback = true}));
  CHECK(allowed("10.0.0.1", {.allow_private = true}));
  CHECK(!allowed("169.254.169.254", {.allow_loopback = true, .allow_private = true}));
  CHECK(!allowed("::", {.allow_loopback = true, .allow_private = true}));
}

}  // namespace
}  // namespace stepwell::sdk
