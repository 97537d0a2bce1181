#include "api/sdk/url.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace stepwell::sdk {
namespace {

constexpr size_t kUrlBytesMax = 8 * 1024;

std::string without_query(std::string_view text) {
  const size_t end = std::min(text.find_first_of("?#"), text.size());
  return std::string(text.substr(0, end)) + (end < text.size() ? "?…" : "");
}

// A text that is no URL to call, as errors quote it. Whatever comes before an @ may be a password,
// also behind a slash.
std::string quoted(std::string_view text) {
  std::string out = without_query(text);
  if (const size_t at = out.rfind('@'); at != std::string::npos) {
    const size_t scheme = out.find("://");
    const size_t begin = scheme == std::string::npos || scheme > at ? 0 : scheme + 3;
    out.replace(begin, at - begin, "…");
  }
  return out;
}

Error bad_url(std::string_view text, std::string_view why) {
  return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no URL to call: {}", quoted(text), why)};
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool is_host_char(char c) {
  const bool is_alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return is_alnum || c == '-' || c == '.' || c == '_';
}

std::string escape_target(std::string_view target) {
  std::string out;
  for (const char c : target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '"' || c == '<' || c == '>') {
      out += fmt::format("%{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view parameter_name(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

// Calls visit(parameter) for each of "a=1&b".
template <typename Visit>
void each_parameter(std::string_view query, Visit visit) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    if (end > 0) visit(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
}

// "/a/b/../c/." → "/a/c/"
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool is_last = end == path.size();
    if (segment == "/..") {
      out.erase(std::min(out.rfind('/'), out.size()));
      if (is_last) out += '/';
    } else if (segment == "/.") {
      if (is_last) out += '/';
    } else {
      out += segment;
    }
    path.remove_prefix(end);
  }
  return out.empty() ? "/" : out;
}

// Splits "host:port" or "[::1]:port" into the URL.
Result<void> read_authority(std::string_view authority, std::string_view text, Url& url) {
  if (authority.find('@') != std::string_view::npos) {
    return bad_url(text, "it holds credentials, which belong into headers");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad_url(text, "the bracket is not closed");
    url.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    std::transform(url.host.begin(), url.host.end(), url.host.begin(), lower);
    in6_addr address;
    if (inet_pton(AF_INET6, url.host.c_str(), &address) != 1) {
      return bad_url(text, "brackets are for IPv6 addresses");
    }
  } else {
    const size_t colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    port = authority.substr(colon);
    std::transform(url.host.begin(), url.host.end(), url.host.begin(), lower);
    if (!std::all_of(url.host.begin(), url.host.end(), is_host_char)) {
      return bad_url(text, "the name of the host has characters that no host name has");
    }
  }
  if (url.host.empty()) return bad_url(text, "it names no host");
  url.port = url.is_https ? 443 : 80;
  if (port.empty() || port == ":") return {};
  if (port.front() != ':') return bad_url(text, "behind the bracket comes a port or nothing");
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (error != std::errc() || end != port.data() + port.size() || url.port == 0) {
    return bad_url(text, "the port is no number from 1 to 65535");
  }
  return {};
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kUrlBytesMax) return bad_url(text.substr(0, 64), "it is too long");
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return bad_url("…", "it holds control characters");
  }
  const size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return bad_url(text, "it must begin with http(s)://");
  std::string scheme(text.substr(0, scheme_end));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), lower);
  if (scheme != "http" && scheme != "https") {
    return bad_url(text, "only http and https are called");
  }
  Url url;
  url.is_https = scheme == "https";
  std::string_view rest = text.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  const Result<void> authority = read_authority(rest.substr(0, authority_end), text, url);
  if (!authority) return authority.error();
  url.target = escape_target(rest.substr(authority_end));
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

Result<Url> Url::resolve(std::string_view reference) const {
  if (std::any_of(reference.begin(), reference.end(), is_control)) {
    return bad_url("…", "it holds control characters");
  }
  reference = reference.substr(0, reference.find('#'));
  if (reference.find("://") < reference.find_first_of("/?")) return parse(reference);
  if (reference.starts_with("//")) {
    return parse(fmt::format("{}:{}", is_https ? "https" : "http", reference));
  }
  Url url = *this;
  const size_t query = std::min(reference.find('?'), reference.size());
  std::string_view path_part = reference.substr(0, query);
  std::string_view query_part = reference.substr(query);
  const std::string base = path();
  std::string joined;
  if (path_part.empty()) {
    joined = base;
    if (query_part.empty()) joined = target;
  } else if (path_part.starts_with('/')) {
    joined = without_dots(path_part);
  } else {
    joined = without_dots(base.substr(0, base.rfind('/') + 1) + std::string(path_part));
  }
  url.target = escape_target(joined + std::string(query_part));
  return url;
}

std::string Url::path() const {
  return target.substr(0, target.find('?'));
}

std::string Url::query() const {
  const size_t mark = target.find('?');
  return mark == std::string::npos ? "" : target.substr(mark + 1);
}

std::string Url::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  const bool is_default = port == (is_https ? 443 : 80);
  return is_default ? name : fmt::format("{}:{}", name, port);
}

std::string Url::origin() const {
  return (is_https ? "https://" : "http://") + authority();
}

std::string Url::to_string() const {
  return origin() + target;
}

Url with_missing_parameters(Url url, std::string_view query) {
  each_parameter(query, [&](std::string_view parameter) {
    bool has_it = false;
    each_parameter(url.query(), [&](std::string_view present) {
      has_it = has_it || parameter_name(present) == parameter_name(parameter);
    });
    if (has_it) return;
    const bool has_query = url.target.find('?') != std::string::npos;
    url.target += has_query ? (url.target.ends_with('?') ? "" : "&") : "?";
    url.target += parameter;
  });
  return url;
}

std::string with_parameter(std::string_view url, std::string_view name, std::string_view value) {
  const std::string_view before = url.substr(0, url.find('#'));
  const size_t mark = before.find('?');
  std::string out(before.substr(0, mark));
  char separator = '?';
  const auto add = [&](std::string_view parameter) {
    out += separator;
    out += parameter;
    separator = '&';
  };
  if (mark != std::string_view::npos) {
    each_parameter(before.substr(mark + 1), [&](std::string_view parameter) {
      if (parameter_name(parameter) != name) add(parameter);
    });
  }
  add(fmt::format("{}={}", name, percent_encode(value)));
  return out;
}

std::string without_secrets(std::string_view text) {
  // An @ of a URL that can be called belongs to its path.
  return Url::parse(text) ? without_query(text) : quoted(text);
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out += c;
    } else {
      out.append(1, '%').append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  return out;
}

}  // namespace stepwell::sdk
