// Mutants: bugs that are built in on purpose, to see that the simulator finds them. Each is named
// for what it does wrong, and its promise for what must notice it (docs/reliability.md).
//
//   if (mutant("event-not-stored")) return;  // instead of what is right
//
// Only the program stepwell-mutants has them, which compiles the sources that it breaks with
// STEPWELL_MUTANTS. Everywhere else mutant() is the constant false and leaves no code behind. It
// may be used in source files only: a header would be compiled both ways into one program.
#pragma once

#include <cstddef>
#include <iterator>
#include <string_view>

namespace stepwell {

struct MutantInfo {
  std::string_view name;
  std::string_view promise;  // the invariant of reliability.md that it breaks
};

// All of them. A new one is a line here and a condition in the engine, in a source that
// tests/simulation/CMakeLists.txt lists.
inline constexpr MutantInfo kMutants[] = {
    // What is durable, and who hears of it.
    {"effects-before-commit", "S-2"},
    {"unknown-taken-for-committed", "S-2"},
    {"full-disk-forgets-answers", "S-6"},
    {"full-disk-keeps-state", "S-15"},
    {"fsync-skipped", "S-2"},
    {"batch-half-written", "S-15"},
    {"failed-attempt-not-written", "S-15"},
    {"start-told-under-another-id", "S-2"},
    {"ended-run-denied", "S-2"},
    // Events and their copies.
    {"event-not-stored", "S-1"},
    {"copy-starts-a-run", "S-1"},
    {"copies-decided-at-once", "S-1"},
    {"copy-resolves-a-wait", "S-7"},
    {"event-ids-held-for-ever", "S-6"},
    {"one-function-is-enough", "S-1"},
    {"copy-left-out", "S-1"},
    {"copy-by-id-alone", "S-7"},
    {"event-time-overwritten", "S-1"},
    // Waits, signals and look-back.
    {"event-ends-one-wait-only", "S-7"},
    {"wait-resolved-twice", "S-3"},
    {"lookback-missing", "S-7"},
    {"lookback-too-far", "S-7"},
    {"lookback-takes-its-trigger", "S-7"},
    {"lookback-takes-the-same-again", "S-7"},
    {"lookback-lost-at-restart", "S-7"},
    {"signal-to-the-replaced", "S-7"},
    {"signal-to-another", "S-7"},
    {"signal-taken-by-nobody", "S-7"},
    // What comes in.
    {"batch-too-large", "S-9"},
    {"debounce-fires-twice", "S-9"},
    {"rate-limit-forgets-starts", "S-9"},
    {"idempotency-forgotten", "S-9"},
    {"idempotency-lost-at-restart", "S-9"},
    // Limits.
    {"slot-kept-on-cancel", "S-9"},
    {"slot-forgotten-at-restart", "S-9"},
    {"one-slot-more", "S-9"},
    {"throttle-too-fast", "S-9"},
    {"second-limit-overtakes", "S-5"},
    {"priority-ignored", "S-5"},
    {"released-by-number", "S-5"},
    {"singleton-not-skipped", "S-9"},
    {"singleton-not-cancelled", "S-9"},
    {"singleton-ignores-key", "S-9"},
    // Pauses and limits of time.
    {"pause-lets-start", "pause"},
    {"paused-is-called", "pause"},
    {"start-timeout-never-fires", "timeouts"},
    {"finish-timeout-never-fires", "timeouts"},
    // Timers.
    {"timer-early", "S-8"},
    {"start-early", "S-8"},
    {"retry-early", "S-8"},
    {"cancellation-expires-early", "S-10"},
    {"sleep-too-short", "S-8"},
    // Schedules.
    {"cron-twice-at-a-fold", "S-13"},
    {"cron-tick-not-noted", "S-13"},
    {"cron-tick-passed-over", "S-13"},
    // Cancellations.
    {"cancellation-not-registered", "S-10"},
    {"cancellation-passed-over", "S-10"},
    {"cancellation-ignores-condition", "S-10"},
    {"cancellation-lost-at-crash", "S-10"},
    // Memos and attempts.
    {"second-result-wins", "S-3"},
    {"memo-out-of-order", "S-3"},
    {"memo-withheld", "S-6"},
    {"load-too-old", "S-3"},
    {"called-run-leaves-memory", "S-6"},
    {"late-answer-taken", "S-4"},
    {"second-answer-taken", "S-4"},
    {"step-called-twice", "S-4"},
    {"one-attempt-more", "S-4"},
    {"attempts-forgotten-at-restart", "S-4"},
    {"failure-final-at-once", "S-5"},
    {"final-failure-retried", "S-5"},
    // Ends, and who hears of them.
    {"output-lost", "S-5"},
    {"end-without-event", "S-5"},
    {"end-leaves-steps", "S-15"},
    {"invoker-not-told", "S-11"},
    {"failure-told-as-success", "S-11"},
    // What a restart must bring back.
    {"timers-lost-at-restart", "S-6"},
    {"waits-lost-at-restart", "S-7"},
    {"retry-lost-at-restart", "S-6"},
    {"start-lost-at-restart", "S-6"},
    {"news-lost-at-restart", "S-6"},
    {"ready-run-lost-at-restart", "S-6"},
    {"killer-never-found", "S-5"},
    // Realtime messages.
    {"loss-not-told", "S-12"},
    {"other-topics-heard", "S-12"},
    {"resume-repeats", "S-12"},
    {"newest-channel-first", "S-12"},
    // Breaks nothing, but says so: a failure is reported.
    {"canary", "S-6"},
};

// The name of a mutant, found in the list when the program is compiled.
class MutantName {
 public:
  consteval MutantName(const char* name) : index_(index_of(name)) {}  // NOLINT: to be written bare
  constexpr size_t index() const { return index_; }

 private:
  static consteval size_t index_of(std::string_view name) {
    for (size_t i = 0; i < std::size(kMutants); ++i) {
      if (kMutants[i].name == name) return i;
    }
    throw "not in the list of mutants";
  }

  size_t index_;
};

#ifdef STEPWELL_MUTANTS
// Whether this one was chosen (tests/simulation/mutants.h).
bool mutant(MutantName name);
#else
consteval bool mutant(MutantName) {
  return false;
}
#endif

}  // namespace stepwell
