// The process that the crash test kills: an engine with its functions behind the HTTP server.
//   crash-app DATABASE PORT
// Ends with kFileInUse when another process has the database.
#include <stepwell/server.h>

#include <cstdio>
#include <cstdlib>

#include "tests/crash/functions.h"
#include "tests/crash/process.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: crash-app DATABASE PORT\n");
    return 2;
  }
  stepwell::Engine engine({.journal = stepwell::sqlite(argv[1]), .workers = 4});
  stepwell::crash::register_functions(engine);
  stepwell::Server server(engine, {.port = static_cast<uint16_t>(std::atoi(argv[2]))});
  try {
    return server.run();
  } catch (const stepwell::EngineError& error) {
    std::fprintf(stderr, "crash-app: %s\n", error.what());
    const bool is_in_use = error.code() == stepwell::EngineError::Code::kConflict;
    return is_in_use ? stepwell::crash::kFileInUse : 1;
  }
}
