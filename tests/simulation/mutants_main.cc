// stepwell-mutants: the simulator, with bugs on request (schema/mutant.h).
#include <fmt/core.h>

#include "tests/simulation/command.h"
#include "tests/simulation/mutants.h"

int main(int argc, char** argv) {
  namespace sim = stepwell::sim;
  sim::Options options;
  bool lists = false;
  bool hunts = false;
  std::string chosen;
  CLI::App app("Plays an engine that has the bug of your choice: the simulator must notice it.");
  sim::add_options(app, options);
  app.add_flag("--list-mutants", lists, "Print the names of the mutants and what each breaks");
  app.add_option("--mutant", chosen, "Play with this bug; with --hunt: hunt no other");
  app.add_flag("--hunt", hunts, "Play each mutant, at most --seeds seeds, until it is caught");
  CLI11_PARSE(app, argc, argv);
  if (lists) {
    sim::list_mutants();
    return 0;
  }
  if (hunts) return sim::hunt_mutants(options.seed, options.seeds, chosen);
  if (!chosen.empty() && !sim::choose_mutant(chosen)) {
    fmt::print("no mutant is called \"{}\"; see --list-mutants\n", chosen);
    return 2;
  }
  return sim::simulate(options);
}
