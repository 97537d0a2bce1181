// Random workflow programs: steps of every kind, nested branches, caught failures, up to 40 steps.
#pragma once

#include <string>
#include <vector>

#include "schema/random.h"
#include "tests/simulation/program.h"

namespace stepwell::sim {

struct ProgramWish {
  std::string name;                  // of the function: every id of a step begins with it
  std::string trigger;               // the event that starts it; empty: none
  int retries = 4;                   // of the function
  int steps = 8;                     // about as many
  std::vector<std::string> invokes;  // functions that it may invoke
  bool may_kill = false;             // bodies may kill the process
};

Program random_program(const ProgramWish& wish, Random& random);

// What programs wait for and clients send: names of events and signals, and data of events.
std::string random_answer_name(Random& random);
std::string random_signal_name(Random& random);
std::string random_data(Random& random);

// A length of time between the two, short ones more often than long ones.
Duration random_duration(Random& random, Duration least, Duration most);

}  // namespace stepwell::sim
