#include "api/server/origin.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace stepwell::server {
namespace {

constexpr size_t kHostNameMax = 253;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

std::optional<int> parse_port(std::string_view digits) {
  int port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (digits.empty() || digits.size() > 5 || port < 0 || port > 65535) return std::nullopt;
  return port;
}

bool is_address(int family, const std::string& text) {
  in6_addr binary{};
  return inet_pton(family, text.c_str(), &binary) == 1;
}

bool is_scheme_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

bool is_ipv6(const Authority& authority) {
  return authority.is_ip && authority.name.find(':') != std::string::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool ends_with_label(std::string_view name, std::string_view suffix) {
  return name.size() > suffix.size() && name.ends_with(suffix);
}

// "http://host:port" and nothing else.
std::optional<Authority> authority_of_origin(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return parse_authority(origin.substr(scheme.size()));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  Authority authority;
  std::string_view rest;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    authority.name = lower(text.substr(1, end - 1));
    if (!is_address(AF_INET6, authority.name)) return std::nullopt;
    authority.is_ip = true;
    rest = text.substr(end + 1);
  } else {
    const size_t end = std::min(text.find(':'), text.size());
    authority.name = lower(text.substr(0, end));
    if (authority.name.empty() || authority.name.size() > kHostNameMax) return std::nullopt;
    if (!std::all_of(authority.name.begin(), authority.name.end(), is_name_byte)) {
      return std::nullopt;
    }
    authority.is_ip = is_address(AF_INET, authority.name);
    rest = text.substr(end);
  }
  if (rest.empty()) return authority;
  if (rest.front() != ':') return std::nullopt;
  authority.port = parse_port(rest.substr(1));
  if (!authority.port) return std::nullopt;
  return authority;
}

Result<std::string> read_allowed_host(std::string_view text) {
  std::optional<Authority> host = parse_authority(text);
  if (!host) host = parse_authority(fmt::format("[{}]", text));  // as sockets have an address
  if (host && !host->port) return host->name;
  return Error{ErrorCode::kInvalid,
               fmt::format("\"{}\" is no name of a host: give one such as stepwell.example.com, "
                           "without a scheme, a port or a path",
                           text)};
}

// Any scheme will do: browser extensions and apps have their own.
Result<std::string> read_allowed_origin(std::string_view text) {
  const std::string origin = lower(text);
  const size_t end = origin.find("://");
  const std::string scheme = origin.substr(0, std::min(end, origin.size()));
  const bool has_scheme = end != std::string::npos && !scheme.empty() &&
                          std::all_of(scheme.begin(), scheme.end(), is_scheme_byte);
  std::optional<Authority> host;
  if (has_scheme) host = parse_authority(std::string_view(origin).substr(end + 3));
  if (!host) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("\"{}\" is no origin of a page: give one such as "
                             "https://app.example.com or http://localhost:3000, without a path",
                             text)};
  }
  std::string out = scheme + "://" + (is_ipv6(*host) ? "[" + host->name + "]" : host->name);
  const bool is_usual = (scheme == "http" && host->port == 80) ||  // browsers leave it out
                        (scheme == "https" && host->port == 443);
  if (host->port && !is_usual) out += fmt::format(":{}", *host->port);
  return out;
}

bool is_loopback_name(const Authority& authority) {
  if (!authority.is_ip) {
    return authority.name == "localhost" || ends_with_label(authority.name, ".localhost");
  }
  if (authority.name.starts_with("127.")) return true;
  in6_addr binary{};
  return inet_pton(AF_INET6, authority.name.c_str(), &binary) == 1 && IN6_IS_ADDR_LOOPBACK(&binary);
}

bool is_loopback_address(std::string_view address) {
  const std::string text(address);
  const bool is_ip = is_address(AF_INET, text) || is_address(AF_INET6, text);
  return is_ip && is_loopback_name({.name = text, .port = std::nullopt, .is_ip = true});
}

int OriginRules::check_host(std::string_view host, std::string_view local_address) const {
  // As an HTTP/1.0 client, such as the health check of a load balancer, has it.
  if (host.empty() && allow_any_host) return 200;
  const std::optional<Authority> authority = parse_authority(host);
  if (!authority) return 400;
  if (allow_any_host) return 200;
  if (allow_loopback_hosts && is_loopback_name(*authority)) return 200;
  if (authority->is_ip && authority->name == local_address) return 200;
  const bool is_listed = std::find(hosts.begin(), hosts.end(), authority->name) != hosts.end();
  return is_listed ? 200 : 403;
}

bool OriginRules::allows_origin(std::string_view origin, std::string_view host) const {
  if (std::find(origins.begin(), origins.end(), origin) != origins.end()) return true;
  const std::optional<Authority> authority = authority_of_origin(origin);
  if (!authority) return false;
  if (allow_loopback_origins && is_loopback_name(*authority)) return true;
  return parse_authority(host) == authority;
}

}  // namespace stepwell::server
