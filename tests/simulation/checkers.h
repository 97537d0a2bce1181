// The promises of the engine (the invariants S-1 … S-17 of the test plan), one checker each.
#pragma once

#include <memory>
#include <vector>

#include "tests/simulation/ledger.h"

namespace stepwell::sim {

// Whether it was recorded and not started, since its function was paused.
inline bool is_skipped_by_pause(const RunRecord& run) {
  return run.status == RunStatus::kSkipped && run.error &&
         run.error->message.ends_with("is paused");
}

struct CheckOptions {
  Duration lookback = std::chrono::seconds(60);
  // Drivers tell what the code of each op had seen, and the clock does not jump: then it is known
  // exactly which events a wait looks back at.
  bool knows_lookback = true;
  // Timers fire at most so long after they are due; zero: not checked (the clock jumps, or the
  // engine is down for long).
  Duration lateness = std::chrono::seconds(5);
  // Lateness counts from here on: before, faults may stop the engine.
  Time calm_since{};
  // Functions whose runs may be open when the world ends.
  std::vector<std::string> may_stay_open;
};

std::unique_ptr<Checker> check_events();                                              // S-1
std::unique_ptr<Checker> check_facts();                                               // S-2
std::unique_ptr<Checker> check_memos();                                               // S-3
std::unique_ptr<Checker> check_attempts();                                            // S-4
std::unique_ptr<Checker> check_ends();                                                // S-5
std::unique_ptr<Checker> check_wake_sources(std::vector<std::string> may_stay_open);  // S-6
std::unique_ptr<Checker> check_waits(const CheckOptions& options);                    // S-7
std::unique_ptr<Checker> check_signals();                                             // S-7
std::unique_ptr<Checker> check_timers(const CheckOptions& options);                   // S-8
std::unique_ptr<Checker> check_limits(const CheckOptions& options);                   // S-9
std::unique_ptr<Checker> check_intake(const CheckOptions& options);                   // S-9
std::unique_ptr<Checker> check_cancellations();                                       // S-10
std::unique_ptr<Checker> check_invokes();                                             // S-11
std::unique_ptr<Checker> check_crons(const CheckOptions& options);                    // S-13
std::unique_ptr<Checker> check_journal();                                             // S-15
std::unique_ptr<Checker> check_pauses(const CheckOptions& options);  // and timeouts of runs

void add_all_checkers(Ledger& ledger, const CheckOptions& options);

}  // namespace stepwell::sim
