// Which addresses the engine may connect to on behalf of somebody else. A name is resolved, each
// address is judged, and the connection goes to the address that was judged: what a name resolves
// to later does not matter.
#pragma once

#include <string>

#include "schema/result.h"

struct sockaddr;

namespace stepwell::sdk {

enum class AddressKind {
  kPublic,
  kLoopback,
  kPrivate,    // RFC 1918, shared and unique local addresses
  kForbidden,  // unspecified, link-local and metadata services, multicast, reserved
};

struct AddressPolicy {
  bool allow_loopback = false;
  bool allow_private = false;
};

// IPv4 addresses inside IPv6 ones (mapped, NAT64, 6to4) are judged as what they lead to.
AddressKind classify(const sockaddr& address);

// "127.0.0.1", "::1"
std::string address_text(const sockaddr& address);

// The error names the address and what would have to allow it.
Result<void> check_address(const sockaddr& address, const AddressPolicy& policy);

}  // namespace stepwell::sdk
