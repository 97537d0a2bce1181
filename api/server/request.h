// One HTTP request as handlers see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stepwell::server {

enum class Method { kGet, kHead, kPost, kPut, kDelete, kPatch, kOptions };
inline constexpr size_t kMethodCount = 7;

std::string_view method_name(Method method);

// The fields of a request's head, in the order they came. Names are kept in lower case.
class Headers {
 public:
  // The first field of that name (given in lower case); nothing if there is none.
  std::optional<std::string_view> find(std::string_view name) const;
  size_t count(std::string_view name) const;
  size_t size() const { return fields_.size(); }
  std::string_view name(size_t index) const;
  std::string_view value(size_t index) const;

  // For the parser: pieces of a field, then its end.
  void append_name(std::string_view piece);
  void append_value(std::string_view piece);
  void end_field();
  void clear();

 private:
  struct Field {
    uint32_t name_offset;
    uint32_t value_offset;
    uint32_t value_end;
  };
  // One string for all fields: a request costs two allocations for them, not sixty.
  std::string text_;
  std::vector<Field> fields_;
  uint32_t name_offset_ = 0;
  uint32_t value_offset_ = 0;
};

struct Peer {
  std::string address;  // "127.0.0.1", "::1"
  uint16_t port = 0;
  bool is_loopback = false;
};

using NamedValues = std::vector<std::pair<std::string, std::string>>;

struct Request {
  Method method = Method::kGet;
  std::string path;    // as it was sent, without the query; never decoded as a whole
  NamedValues query;   // decoded, in order
  NamedValues params;  // of the route's pattern, decoded: the router fills them in
  Headers headers;
  std::string host;  // the Host field
  int minor_version = 1;
  bool wants_continue = false;  // "Expect: 100-continue"
  Peer peer;
  std::string local_address;  // the address of ours that the client connected to

  // Without its framing. Its capacity leaves kBodyPadding bytes behind the end, so that it can be
  // parsed as JSON where it is.
  std::string body;

  // The first query value of that name; nothing if there is none.
  std::optional<std::string_view> query_value(std::string_view name) const;
  // A parameter of the route's pattern, which must have it.
  const std::string& param(std::string_view name) const;
};

// What simdjson reads behind a text.
inline constexpr size_t kBodyPadding = 64;

// Decodes %XX (and "+" as a space, for queries); nothing if an escape is malformed or decodes to
// NUL.
enum class PlusSign { kLiteral, kIsSpace };
std::optional<std::string> percent_decode(std::string_view text, PlusSign plus);

// Splits and decodes "a=1&b=2"; nothing if an escape is malformed.
std::optional<NamedValues> parse_query(std::string_view text);

bool equals_ignoring_case(std::string_view left, std::string_view right);

}  // namespace stepwell::server
