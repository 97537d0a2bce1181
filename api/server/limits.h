// What a client may ask of the server before it is refused. Every bound of the HTTP layer is here;
// all of them are settings, and tests make them small.
#pragma once

#include <chrono>
#include <cstddef>

namespace stepwell::server {

using Milliseconds = std::chrono::milliseconds;

// What a route accepts as a body unless it says otherwise.
inline constexpr size_t kDefaultBodyLimit = 64 * 1024;

struct Limits {
  // Sizes of one request. Over them: 414 (request line), 431 (headers), 413 (body, by route).
  size_t request_line_bytes_max = 8 * 1024;
  size_t header_bytes_max = 32 * 1024;  // all header lines together
  size_t header_count_max = 100;
  size_t chunk_extension_bytes_max = 1024;  // in all chunks of a body together
  size_t trailer_bytes_max = 8 * 1024;

  // A client that is slow on purpose (slowloris) holds memory and a descriptor: each phase ends.
  Milliseconds header_timeout{10'000};  // from the first byte of a request to the end of its head
  Milliseconds body_grace{10'000};      // what any body may take, before its rate is looked at
  size_t body_bytes_per_second_min = 1024;
  Milliseconds idle_timeout{60'000};   // keep-alive, between requests
  Milliseconds write_timeout{30'000};  // without any progress of an answer
  Milliseconds linger_timeout{2'000};  // a refused client may still be sending; see Connection

  // The whole server.
  size_t connections_max = 10'000;
  size_t connections_per_ip_max = 256;                 // not counted for loopback
  size_t buffered_body_bytes_max = 128 * 1024 * 1024;  // bodies being read; over it: 503

  // One connection.
  size_t pipelined_bytes_max = 64 * 1024;      // read ahead while a request is being answered
  size_t stream_queue_bytes_max = 256 * 1024;  // of a streamed answer whose reader is behind
};

}  // namespace stepwell::server
