// The command line of the simulator, which stepwell-sim and stepwell-mutants share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace stepwell::sim {

struct Options {
  bool lists = false;
  bool sweeps = false;
  bool shrinks = false;
  bool hashes = false;
  std::string scenario;
  std::string crash = "none";
  std::string replay;                // a file with a plan, or a folder of them
  std::string keep = "tests/seeds";  // where --shrink writes
  uint64_t seed = 1;
  bool has_seed = false;
  uint64_t seeds = 0;
  uint64_t plays = 0;
  size_t stride = 1;
  std::string log = "short";
};

void add_options(CLI::App& app, Options& options);

// Does what the options say, prints what came of it; the result is the exit code.
int simulate(const Options& options);

}  // namespace stepwell::sim
