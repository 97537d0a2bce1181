#include "api/sdk/address_policy.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace stepwell::sdk {
namespace {

struct Range4 {
  uint32_t first;
  int bits;
  AddressKind kind;
};

constexpr uint32_t ip4(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// The first range that holds an address decides.
constexpr Range4 kRanges4[] = {
    {ip4(0, 0, 0, 0), 8, AddressKind::kForbidden},           // "this network"
    {ip4(127, 0, 0, 0), 8, AddressKind::kLoopback},          //
    {ip4(100, 100, 100, 200), 32, AddressKind::kForbidden},  // metadata of a cloud
    {ip4(169, 254, 0, 0), 16, AddressKind::kForbidden},      // link-local, metadata of clouds
    {ip4(10, 0, 0, 0), 8, AddressKind::kPrivate},            //
    {ip4(172, 16, 0, 0), 12, AddressKind::kPrivate},         //
    {ip4(192, 168, 0, 0), 16, AddressKind::kPrivate},        //
    {ip4(100, 64, 0, 0), 10, AddressKind::kPrivate},         // shared by a carrier's customers
    {ip4(192, 0, 0, 0), 24, AddressKind::kPrivate},          // protocol assignments
    {ip4(198, 18, 0, 0), 15, AddressKind::kPrivate},         // benchmarks of networks
    {ip4(224, 0, 0, 0), 4, AddressKind::kForbidden},         // multicast
    {ip4(240, 0, 0, 0), 4, AddressKind::kForbidden},         // reserved, broadcast
};

AddressKind classify4(uint32_t address) {
  for (const Range4& range : kRanges4) {
    const uint32_t mask = ~uint32_t{0} << (32 - range.bits);
    if ((address & mask) == range.first) return range.kind;
  }
  return AddressKind::kPublic;
}

uint32_t ip4_at(const uint8_t* bytes) {
  return ip4(bytes[0], bytes[1], bytes[2], bytes[3]);
}

bool has_prefix(const uint8_t* bytes, std::initializer_list<uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes);
}

AddressKind classify6(const uint8_t* bytes) {
  constexpr std::array<uint8_t, 16> kLoopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  constexpr std::array<uint8_t, 16> kMetadata = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0,    0,
                                                 0,    0,    0,    0,    0, 0, 0x02, 0x54};
  if (std::equal(kLoopback.begin(), kLoopback.end(), bytes)) return AddressKind::kLoopback;
  if (std::equal(kMetadata.begin(), kMetadata.end(), bytes)) return AddressKind::kForbidden;
  if (has_prefix(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}) ||
      has_prefix(bytes, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return classify4(ip4_at(bytes + 12));  // mapped; NAT64
  }
  if (has_prefix(bytes, {0x20, 0x02})) return classify4(ip4_at(bytes + 2));  // 6to4
  if (has_prefix(bytes, {0x20, 0x01, 0x00, 0x00}) ||
      has_prefix(bytes, {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}) || has_prefix(bytes, {0, 0, 0, 0})) {
    return AddressKind::kForbidden;  // Teredo, local NAT64, unspecified and other old forms
  }
  if ((bytes[0] & 0xfe) == 0xfc) return AddressKind::kPrivate;
  if (bytes[0] == 0xff) return AddressKind::kForbidden;
  if (bytes[0] == 0xfe) return AddressKind::kForbidden;  // link-local and site-local
  return AddressKind::kPublic;
}

}  // namespace

AddressKind classify(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in ip4_address{};
    std::memcpy(&ip4_address, &address, sizeof(ip4_address));
    return classify4(ntohl(ip4_address.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 ip6_address{};
    std::memcpy(&ip6_address, &address, sizeof(ip6_address));
    return classify6(ip6_address.sin6_addr.s6_addr);
  }
  return AddressKind::kForbidden;
}

std::string address_text(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.sa_family == AF_INET) {
    sockaddr_in ip4_address{};
    std::memcpy(&ip4_address, &address, sizeof(ip4_address));
    inet_ntop(AF_INET, &ip4_address.sin_addr, text, sizeof(text));
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 ip6_address{};
    std::memcpy(&ip6_address, &address, sizeof(ip6_address));
    inet_ntop(AF_INET6, &ip6_address.sin6_addr, text, sizeof(text));
  }
  return text;
}

Result<void> check_address(const sockaddr& address, const AddressPolicy& policy) {
  const auto refuse = [&](std::string_view why) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("the address {} is not called: {}", address_text(address), why)};
  };
  switch (classify(address)) {
    case AddressKind::kPublic:
      return {};
    case AddressKind::kLoopback:
      if (policy.allow_loopback) return {};
      return refuse("it is of this machine, which is not allowed here");
    case AddressKind::kPrivate:
      if (policy.allow_private) return {};
      return refuse("it is of a private network, which is not allowed here");
    case AddressKind::kForbidden:
      return refuse("it is link-local, of a metadata service, multicast or reserved");
  }
  return refuse("it is of an unknown kind");
}

}  // namespace stepwell::sdk
