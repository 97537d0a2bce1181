// A blocking HTTP client for tests: sends any bytes, reads answers strictly. Every wait has a
// deadline, so that a server that says nothing fails a test instead of hanging it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace stepwell::server {

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool is_chunked = false;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

class HttpClient {
 public:
  explicit HttpClient(uint16_t port);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // One with a small receive buffer, so that its not reading is noticed soon.
  static HttpClient with_small_buffer(uint16_t port);

  // False if the server has closed.
  bool send(std::string_view bytes);

  // Requests with a Host field and `extra` lines (each with its CR LF).
  void get(std::string_view path, std::string_view extra = {});
  void post(std::string_view path, std::string_view body, std::string_view extra = {});

  // Reads one whole response; nothing if the server closed before its first byte. Throws
  // std::runtime_error if it is malformed, cut off or does not come.
  std::optional<Reply> read_reply(bool is_head = false);
  // A response up to its empty line.
  Reply read_head();
  // The bytes of one chunk; empty at the end of the body.
  std::string read_chunk();

  // That many bytes, of whatever is spoken now.
  std::string read_bytes(size_t count) { return read_exactly(count); }

  // Waits until the server ends the connection (also by a reset); false if a byte comes first.
  bool is_closed();
  // Whether bytes have come that were not read.
  bool has_unread_bytes();
  // Reads all that comes until the server closes.
  std::string read_to_end();

  // "I will send no more."
  void shut_down();
  // Closes with a reset, as a process that crashes may.
  void reset();

 private:
  HttpClient(uint16_t port, int receive_buffer);
  bool fill();  // false at the end of the connection
  std::string read_line();
  std::string read_exactly(size_t count);

  int socket_ = -1;
  std::string buffer_;
};

// One request on a connection of its own.
Reply fetch(uint16_t port, std::string_view path, std::string_view extra = {});
Reply post_to(uint16_t port, std::string_view path, std::string_view body,
              std::string_view extra = {});

}  // namespace stepwell::server
