// GET /api/runs/{id}/stream: server-sent events that say that something was recorded of a run, so
// that whoever follows it need not poll. What it was, the trace says (GET /api/runs/{id}).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "api/server/gateway.h"
#include "api/server/response.h"
#include "api/server/uv_loop.h"
#include "schema/run.h"

namespace stepwell::server {

// The open streams of a server. Loop thread only (the server's).
class RunStreams {
 public:
  // `loop` outlives it.
  explicit RunStreams(UvLoop& loop);
  ~RunStreams();
  RunStreams(const RunStreams&) = delete;
  RunStreams& operator=(const RunStreams&) = delete;

  // Answers with a stream of "event: changed", the first at once, until the client goes.
  void open(RunNo run, const Responder& responder);

  // These runs have something new in the journal.
  void changed(const std::vector<RunNo>& runs);

  size_t size() const { return streams_.size(); }

 private:
  void close_later(uint64_t number);
  void close(uint64_t number);
  void keep_alive();

  struct Stream {
    RunNo run = 0;
    ResponseStream body;
  };
  std::map<uint64_t, Stream> streams_;  // by number
  std::multimap<RunNo, uint64_t> by_run_;
  uint64_t last_number_ = 0;
  UvLoop& loop_;
  Timer keep_alive_timer_;
  // Closing waits for the loop, which outlives this.
  std::shared_ptr<RunStreams*> self_;
};

}  // namespace stepwell::server
