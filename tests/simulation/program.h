// Workflow programs for the simulator: small trees that a driver interprets, as a real one runs
// code. Built like this:
//
//   Program p{run("a").fails(2), sleep("nap", 1h), parallel({{run("b")}, {wait("w", "answer")}})};
//
// A program's result is the list of what its code saw, so that an expectation is a line of text.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/op.h"

namespace stepwell::sim {

struct Statement;
using Body = std::vector<Statement>;

struct Statement {
  enum class Kind {
    kRun,       // a step with a body
    kSleep,     // for `duration`, or until `at`
    kWait,      // for the event `target`, with `expression`, at most `duration`
    kSignal,    // for the signal `target`
    kInvoke,    // the function `target`
    kSend,      // `events`
    kFetch,     // a request that the engine makes; for the rest as kRun
    kParallel,  // `branches`; goes on when all are done
    kRace,      // `branches`; goes on when one is done
    kTry,       // branches[0]; branches[1] when a step of it fails
    kRepeat,    // branches[0], `count` times
    kThrow,     // an error outside of steps, at the first `count` attempts
    kStall,     // waits for nothing, at the first `count` attempts
    kPublish,   // a message outside of steps, to the channel `target`
    kReturn,    // the end
  };
  Kind kind = Kind::kReturn;
  std::string id;
  StepKey key;  // of the id, the first time that the code comes by
  std::string target;
  std::string expression;
  Duration duration{};
  std::optional<Time> at;
  int count = 0;
  std::vector<Event> events;
  std::vector<Body> branches;
  SignalConflict on_conflict = SignalConflict::kFail;

  // kRun, kFetch, kThrow
  bool is_retriable = true;
  std::optional<Duration> retry_after;
  Duration takes = Duration(5);       // how long the body runs
  std::vector<Event> emits;           // sent to the engine from outside while the body runs
  std::vector<std::string> channels;  // the body publishes a message to each
  int kills = 0;                      // the first so many executions kill the process

  Statement& fails(int times) { return count = times, *this; }
  Statement& fails_for_good() { return count = 1, is_retriable = false, *this; }
  Statement& asks_retry_after(Duration after) { return retry_after = after, *this; }
  Statement& lasts(Duration duration_of_body) { return takes = duration_of_body, *this; }
  Statement& emitting(Event event) { return emits.push_back(std::move(event)), *this; }
  Statement& publishing(std::string channel) {
    return channels.push_back(std::move(channel)), *this;
  }
  Statement& killing(int times) { return kills = times, *this; }
  Statement& where(std::string condition) { return expression = std::move(condition), *this; }
  Statement& replacing() { return on_conflict = SignalConflict::kReplace, *this; }
};

Statement run(std::string id);
Statement sleep(std::string id, Duration duration);
Statement sleep_until(std::string id, Time at);
Statement wait(std::string id, std::string event, Duration timeout);
Statement wait_signal(std::string id, std::string signal, Duration timeout);
Statement invoke(std::string id, std::string function, Duration timeout);
Statement fetch(std::string id);  // of kFetchRequest
Statement send(std::string id, std::vector<Event> events);
Statement parallel(std::vector<Body> branches);
Statement race(std::vector<Body> branches);
Statement try_catch(Body body, Body handler);
Statement repeat(int count, Body body);
Statement throw_at_first(int attempts);  // of the function's code
Statement throw_for_good();
Statement stall_at_first(int attempts);
Statement publish(std::string channel);
Statement finish();

using Program = Body;

// What every kFetch asks the engine to do.
inline constexpr std::string_view kFetchRequest = R"({"url":"http://weather.example"})";

// An event without an id of its own, or with one.
Event make_event(std::string name, std::string id = "", std::string data = "{}");

}  // namespace stepwell::sim
