// How commands reach an engine: over HTTP, or in this process on a file that nobody serves.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace stepwell::cli {

struct Reply {
  int status = 0;
  std::string body;
  std::string redirect = {};  // where a redirect leads; empty: nowhere
};

// A server-sent event.
struct ServerEvent {
  std::string name;  // or empty
  std::string id;    // of this event; empty: it has none
  std::string data;
};

enum class KeyKind { kEvent, kSigning };

// How long an answer is waited for.
enum class Patience {
  kUsual,
  kEndless,  // for what takes as long as there is work, such as to run thousands of runs again
};

// One thread at a time.
class Client {
 public:
  virtual ~Client() = default;

  // Sends one request and waits for its answer. `path` begins with "/" and is encoded. Errors are
  // about reaching the server; what it answers is in the reply, whatever its status.
  virtual Result<Reply> request(const std::string& method, const std::string& path,
                                const std::string& body, Patience patience) = 0;

  // Takes the events that came together. None: the server only said that it is there, as it does
  // at once and then again and again. False: no more of them.
  using OnEvents = std::function<bool(const std::vector<ServerEvent>&)>;
  // Reads server-sent events until the server ends them, or until `on_events` says false. A reply
  // that is no stream is returned as it is; status 200: the stream has ended.
  virtual Result<Reply> stream(const std::string& path, const OnEvents& on_events) = 0;

  // The event key that belongs into the path of /e/{key}.
  virtual std::string event_key() const = 0;

  // Where the key was found, as settings name it ("--signing-key"); empty: none was given.
  virtual std::string key_source(KeyKind kind) const = 0;

  // "http://127.0.0.1:8288" or "file orders.db", for messages.
  virtual std::string where() const = 0;
};

struct HttpClientOptions {
  std::string url;                      // without a slash at its end
  std::string signing_key;              // empty: none
  std::string event_key;                // empty: "dev", which a server in dev mode takes
  std::string signing_key_source = {};  // where each was found; empty: there is none
  std::string event_key_source = {};
  std::chrono::milliseconds answer_timeout{60'000};  // with the usual patience
};
// kInvalid if the URL is none of http or https.
Result<std::unique_ptr<Client>> make_http_client(HttpClientOptions options);

// Opens the journal in `path`, which must exist, under its lock, recovers as a server does, and
// serves it to this process alone until the client is destroyed: the same handlers answer.
// kConflict if a server has the file.
Result<std::unique_ptr<Client>> open_local_client(const std::string& path);

}  // namespace stepwell::cli
