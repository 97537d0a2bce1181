// The outside world of the crash test: it sends events until they are acknowledged, answers those
// who wait, watches runs, and remembers all that it was told.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace stepwell::crash {

// What was seen from outside, never to be contradicted.
class Ledger {
 public:
  void acknowledged(const std::string& event_id, const std::string& kind);
  // A recorded step result; false if another one was seen before under the same run and key.
  bool observed(const std::string& run_id, const std::string& key, const std::string& data);

  std::map<std::string, std::string> events() const;  // acknowledged ids and their kinds
  size_t observations() const;
  std::vector<std::string> contradictions() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> events_;
  std::map<std::pair<std::string, std::string>, std::string> steps_;
  std::vector<std::string> contradictions_;
};

class Client {
 public:
  Client(uint16_t port, Ledger& ledger) : port_(port), ledger_(ledger) {}

  // One request; the answer's body, empty if the server is not there or refuses.
  std::string get(const std::string& path) const;
  bool post(const std::string& path, const std::string& body) const;
  bool is_healthy() const;

  // Sends `count` events, each again and again, with the same id, until it is acknowledged; of them
  // so many, at any time, as are `allowed` by then.
  void send_events(const std::string& prefix, int count, const std::atomic<int>& allowed,
                   const std::atomic<bool>& stop);
  // Answers the waits and signals of acknowledged events, again and again; an answer that was
  // acknowledged is not repeated.
  void answer(const std::atomic<bool>& stop);
  // Reads the traces of runs, over and over, and compares what they say with what was seen before.
  void watch(const std::atomic<bool>& stop);

  struct RunSummary {
    std::string id;
    std::string function;
    std::string status;
    std::string event_id;
    std::string output;  // raw JSON
  };
  // All runs of a function, newest first; false if a page could not be read.
  bool list_runs(const std::string& function, std::vector<RunSummary>& runs) const;
  // The data of the trace of a run, raw JSON; empty if it cannot be read. Its steps go into the
  // ledger.
  std::string trace(const std::string& run_id) const;

 private:
  uint16_t port_;
  Ledger& ledger_;
};

}  // namespace stepwell::crash
