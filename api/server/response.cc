#include "api/server/response.h"

#include <fmt/core.h>

#include <chrono>

#include "schema/json.h"

namespace stepwell::server {
namespace {

// Values may hold what a client sent; a line end in one would let it write fields of its own.
void append_field_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
  }
}

}  // namespace

Response Response::json(int status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

Response Response::text(int status, std::string body) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(body)};
}

Response Response::error(int status, std::string_view message) {
  JsonWriter writer;
  writer.begin_object().key("error").string(message).key("status").integer(status).end_object();
  return json(status, writer.take());
}

Response Response::unavailable(std::string_view message) {
  // The clock's finest digits spread the clients as well as a random number would.
  const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count();
  Response response = error(503, message);
  response.headers.emplace_back("Retry-After", fmt::format("{}", 1 + ticks / 1000 % 5));
  return response;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 426:
      return "Upgrade Required";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

std::string format_head(const Response& response, std::string_view common,
                        std::string_view framing) {
  std::string head;
  head.reserve(256);
  head += fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  if (!response.content_type.empty()) {
    head.append("Content-Type: ");
    append_field_value(head, response.content_type);
    head.append("\r\n");
  }
  for (const auto& [name, value] : response.headers) {
    append_field_value(head, name);
    head.append(": ");
    append_field_value(head, value);
    head.append("\r\n");
  }
  head.append(common).append(framing).append("\r\n");
  return head;
}

}  // namespace stepwell::server
