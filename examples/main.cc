// stepwell-examples: a server with the example functions in it.
#include <charconv>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

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

uint16_t parse_port(std::string_view text) {
  uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument("--port \"" + std::string(text) + "\" is no port from 0 to 65535");
  }
  return port;
}

// Reads "--name VALUE" and "--name=VALUE".
class OptionReader {
 public:
  OptionReader(int argc, char** argv) : rest_(argv + 1, argv + argc) {}

  // The next option's name; empty at the end.
  std::string_view next() {
    if (at_ == rest_.size()) return "";
    std::string_view word = rest_[at_++];
    size_t equals = word.find('=');
    inline_value_.reset();
    if (equals == std::string_view::npos) return word;
    inline_value_ = word.substr(equals + 1);
    return word.substr(0, equals);
  }
  std::string_view value(std::string_view option) {
    if (inline_value_) return *inline_value_;
    if (at_ < rest_.size()) return rest_[at_++];
    throw std::invalid_argument(std::string(option) + " needs a value");
  }

 private:
  std::vector<std::string_view> rest_;
  size_t at_ = 0;
  std::optional<std::string_view> inline_value_;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  OptionReader options(argc, argv);
  for (std::string_view option = options.next(); !option.empty(); option = options.next()) {
    if (option == "--db") {
      arguments.db = options.value(option);
    } else if (option == "--port") {
      arguments.port = parse_port(options.value(option));
    } else if (option == "--fast") {
      arguments.is_fast = true;
    } else if (option == "--help" || option == "-h") {
      arguments.wants_help = true;
    } else {
      throw std::invalid_argument("unknown option " + std::string(option));
    }
  }
  return arguments;
}

// The codes that the program stepwell ends with, too.
int exit_code_of(const stepwell::EngineError& error) {
  switch (error.code()) {
    case stepwell::EngineError::Code::kConflict:
      return 6;  // the port or the file is in use
    case stepwell::EngineError::Code::kStorage:
      return 74;
    default:
      return 2;
  }
}

int serve(const Arguments& arguments) {
  stepwell::Engine engine({.journal = stepwell::sqlite(arguments.db), .app = "examples"});
  examples::add_import_file(engine);
  examples::add_like_post(engine);
  examples::add_agentic_workflow(engine);
  examples::add_email_sequence(engine, arguments.is_fast ? 1s : 24h);

  stepwell::ServerOptions options;
  options.port = arguments.port;
  options.on_ready = [&arguments](uint16_t port) {
    std::printf("serving on http://127.0.0.1:%d, runs are recorded in %s\n", port,
                arguments.db.c_str());
  };
  stepwell::Server server(engine, options);
  int code = server.run();
  std::puts("stopped");
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // whoever reads a pipe sees lines at once
  Arguments arguments;
  try {
    arguments = parse(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stepwell-examples: %s\n%s", error.what(), kUsage);
    return 2;
  }
  if (arguments.wants_help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  try {
    return serve(arguments);
  } catch (const stepwell::EngineError& error) {
    std::fprintf(stderr, "stepwell-examples: %s\n", error.what());
    return exit_code_of(error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stepwell-examples: %s\n", error.what());
    return 70;
  }
}
