// A server around an embedded engine, with nothing but the installed package: it starts, and stops
// as soon as it is ready.
#include <stepwell/server.h>
#include <stepwell/stepwell.h>

#include <iostream>

int main() {
  stepwell::Engine engine({.journal = stepwell::in_memory()});
  stepwell::Server* running = nullptr;
  stepwell::ServerOptions options;
  options.port = 0;
  options.on_ready = [&](uint16_t port) {
    std::cout << "served on port " << (port != 0 ? "that was free" : "0") << "\n";
    running->stop();
  };
  stepwell::Server server(engine, options);
  running = &server;
  return server.run();
}
