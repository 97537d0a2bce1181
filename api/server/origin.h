// Which names the server answers to and which web pages may talk to it.
//
// A page in a developer's browser can send requests to localhost, and with DNS rebinding can make
// its own name point there. So a request must name a host that we are known by, and a request from
// a page (browsers add Origin to every one that could do harm) must come from an allowed origin.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace stepwell::server {

// The host and port of a Host field or an origin. `name` is in lower case; an IPv6 address is
// without its brackets.
struct Authority {
  std::string name;
  std::optional<int> port;
  bool is_ip = false;
  bool operator==(const Authority&) const = default;
};

// Nothing if malformed.
std::optional<Authority> parse_authority(std::string_view text);

// A host as somebody configures it, as OriginRules wants it: in lower case, an IPv6 address without
// brackets. kInvalid if no request can name it: with a scheme, a port or a path.
Result<std::string> read_allowed_host(std::string_view text);

// The same of an origin, as browsers write it: "https://app.example.com", in lower case, without
// the port that its scheme has anyway. kInvalid if no page can have it: with a path, or "*".
Result<std::string> read_allowed_origin(std::string_view text);

// "localhost", "anything.localhost", 127.0.0.0/8 and ::1.
bool is_loopback_name(const Authority& authority);
// The same of a numeric address as a socket has it, an IPv6 one without brackets.
bool is_loopback_address(std::string_view address);

struct OriginRules {
  bool allow_loopback_hosts = true;    // Host: localhost and the like
  bool allow_any_host = false;         // no list of names: every client has to show a key anyway
  std::vector<std::string> hosts;      // further names, in lower case, without a port
  bool allow_loopback_origins = true;  // dev: http://localhost:3000 and the like
  std::vector<std::string> origins;    // further ones, "https://app.example.com"

  // 200, 400 (malformed, or none where the name matters) or 403. `local_address` is ours on this
  // connection: an IP address is a good name if it is the one the client connected to. A page
  // cannot make the browser lie about that.
  int check_host(std::string_view host, std::string_view local_address) const;

  // Whether a page of that origin may call us; one served by ourselves always may.
  bool allows_origin(std::string_view origin, std::string_view host) const;
};

}  // namespace stepwell::server
