// stepwell-sim: plays scenarios on virtual time, with crashes wherever they may hurt.
#include "tests/simulation/command.h"

int main(int argc, char** argv) {
  stepwell::sim::Options options;
  CLI::App app("Plays the engine on virtual time, with crashes; all of it follows from a seed.");
  stepwell::sim::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  return stepwell::sim::simulate(options);
}
