// Choosing a mutant (schema/mutant.h), and hunting all of them. Only in stepwell-mutants.
#pragma once

#include <cstdint>
#include <string>

namespace stepwell::sim {

// From now on the engine has the bug of this name. False: there is no such mutant.
bool choose_mutant(const std::string& name);

// Prints the names of all mutants, and the promise that each breaks.
void list_mutants();

// Plays each mutant, or `only` that one, until a promise breaks, at most `seeds` seeds from `first`
// on: of each its random world, then a scenario with random crashes. Prints a table and a summary;
// the result is the exit code: 1 if one was not caught, or none was played.
int hunt_mutants(uint64_t first, uint64_t seeds, const std::string& only);

}  // namespace stepwell::sim
