// stepwell-examples: a server with the example functions in it.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "examples/examples.h"
#include "stepwell/server.h"

namespace {

using namespace std::chrono_literals;

constexpr const char* kUsage =
    "usage: stepwell-examples [--db FILE] [--port PORT] [--fast]\n"
    "\n"
    "Serves the example functions on http://127.0.0.1:PORT, for development: without keys.\n"
    "  --db FILE    where runs are recorded (stepwell-examples.db)\n"
    "  --port PORT  0 picks a free one (8288)\n"
    "  --fast       a day of the email sequence lasts a second\n";

struct Arguments {
  std::string db = "stepwell-examples.db";
  uint16_t port = 8288;
  bool is_fast = false;
  bool wants_help = false;
};

uint16_t parse_port(const std::string& text) {
  size_t end = 0;
  unsigned long port = std::stoul(text, &end);
  if (end != text.size() || port > 65535) throw std::invalid_argument(text);
  return static_cast<uint16_t>(port);
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    std::string_view option = argv[i];
    bool has_value = i + 1 < argc;
    if (option == "--db" && has_value) {
      arguments.db = argv[++i];
    } else if (option == "--port" && has_value) {
      arguments.port = parse_port(argv[++i]);
    } else if (option == "--fast") {
      arguments.is_fast = true;
    } else if (option == "--help" || option == "-h") {
      arguments.wants_help = true;
    } else {
      throw std::invalid_argument(std::string(option));
    }
  }
  return arguments;
}

int serve(const Arguments& arguments) {
  stepwell::Engine engine({.journal = stepwell::sqlite(arguments.db), .app = "examples"});
  examples::add_import_file(engine);
  examples::add_like_post(engine);
  examples::add_agentic_workflow(engine);
  examples::add_email_sequence(engine, arguments.is_fast ? 1s : 24h);

  stepwell::ServerOptions options;
  options.port = arguments.port;
  options.on_ready = [](uint16_t port) {
    std::printf("serving on http://127.0.0.1:%d\n", port);
  };
  stepwell::Server server(engine, options);
  return server.run();
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // whoever reads a pipe sees lines at once
  Arguments arguments;
  try {
    arguments = parse(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stepwell-examples: what is \"%s\"?\n%s", error.what(), kUsage);
    return 2;
  }
  if (arguments.wants_help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  try {
    return serve(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stepwell-examples: %s\n", error.what());
    return 1;
  }
}
