// The functions under test in the crash test: one event name, a function that uses every kind of
// step. Each body makes a new random token, so that a body's second run is told from its first: a
// token that is recorded once must be the one that the code, and everybody else, ever sees.
#pragma once

#include <stepwell/stepwell.h>

#include <string>
#include <vector>

namespace stepwell::crash {

struct Work {
  std::string id;    // chosen by the sender
  std::string kind;  // which steps: see functions.cc
};
STEPWELL_FIELDS(Work, id, kind);

// What the code of a run saw, step by step: the run's output.
struct Seen {
  std::vector<std::string> tokens;
};
STEPWELL_FIELDS(Seen, tokens);

struct Reply {
  std::string id;
  std::string token;
};
STEPWELL_FIELDS(Reply, id, token);

inline constexpr EventType<Work> kWork{"crash/work"};
inline constexpr EventType<Reply> kReply{"crash/reply"};

// What `kind` may be.
inline constexpr const char* kKinds[] = {"steps",  "sleep",    "wait",  "timeout", "signal",
                                         "invoke", "parallel", "retry", "send"};

void register_functions(Engine& engine);

}  // namespace stepwell::crash
