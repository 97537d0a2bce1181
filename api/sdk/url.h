// Absolute URLs of the web, as far as the engine calls them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace stepwell::sdk {

struct Url {
  bool is_https = false;
  std::string host;  // lower case; an IPv6 address without its brackets
  uint16_t port = 80;
  std::string target = "/";  // path and query, as they go into a request line

  // Accepts http and https without credentials; what is behind "#" is dropped, and bytes that a
  // request line can't carry are escaped. The error says what is wrong with which URL.
  static Result<Url> parse(std::string_view text);

  // The URL that a Location field names, seen from this one.
  Result<Url> resolve(std::string_view reference) const;

  std::string path() const;
  std::string query() const;  // without the "?"

  // "host" or "host:port": what the Host field holds.
  std::string authority() const;
  // "http://host:port", the same for all URLs that share their connections.
  std::string origin() const;
  std::string to_string() const;
};

// `url` with each parameter of `query` whose name it lacks.
Url with_missing_parameters(Url url, std::string_view query);

// `url` with the parameter `name` set to `value` (which is escaped), replacing what it had.
std::string with_parameter(std::string_view url, std::string_view name, std::string_view value);

// A URL as people are shown it, in messages and logs: without a password before its host, and
// without its query, in which providers take keys. `text` need not be a URL.
std::string without_secrets(std::string_view text);

// `text` as one segment of a path, or as a value in a query.
std::string percent_encode(std::string_view text);

}  // namespace stepwell::sdk
