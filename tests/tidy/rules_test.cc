// Each rule on small samples: bad ones that it must report, good ones that it must not.
#include "tests/tidy/rules.h"

#include <doctest/doctest.h>

namespace stepwell::tidy {
namespace {

struct Sample {
  std::string path;
  std::string text;
};

Findings check(std::initializer_list<Sample> samples) {
  Tree tree;
  for (const Sample& sample : samples) {
    tree.emplace(sample.path, SourceFile::parse(sample.path, sample.text));
  }
  return check_tree(tree);
}

// The findings as "line rule", those of the last sample's file only.
std::string lines_of(std::initializer_list<Sample> samples) {
  std::string out;
  for (const Finding& finding : check(samples)) {
    if (finding.path != std::prev(samples.end())->path) continue;
    out += std::to_string(finding.line) + " " + finding.rule + "\n";
  }
  return out;
}

std::string lines_of(std::string path, std::string text) {
  return lines_of({{std::move(path), std::move(text)}});
}

std::string include_from(const std::string& path, const std::string& target) {
  return lines_of(path, "#include " + target + "\n");
}

std::string repeat(const std::string& line, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += line;
  return out;
}

TEST_CASE("layers: what the design forbids") {
  const std::pair<std::string, std::string> bad[] = {
      {"schema/a.cc", "\"storage/journal.h\""},
      {"schema/a.cc", "\"engine/core/state.h\""},
      {"storage/journal.cc", "\"storage/sqlite/journal.h\""},
      {"storage/sqlite/a.cc", "\"storage/memory/journal.h\""},
      {"storage/sqlite/a.cc", "\"engine/core/state.h\""},
      {"engine/core/a.cc", "\"storage/sqlite/journal.h\""},
      {"engine/core/a.cc", "\"storage/memory/journal.h\""},
      {"engine/core/a.cc", "\"engine/native/task.h\""},
      {"engine/core/a.cc", "\"engine/runtime/loop.h\""},
      {"engine/core/a.cc", "\"stepwell/step.h\""},
      {"engine/core/a.cc", "\"api/stepwell/step.h\""},
      {"engine/core/a.cc", "<stepwell/step.h>"},
      {"engine/expr/a.cc", "\"engine/core/state.h\""},
      {"engine/expr/a.cc", "\"storage/journal.h\""},
      {"engine/flow/a.cc", "\"engine/native/task.h\""},
      {"engine/realtime/a.cc", "\"api/server/http.h\""},
      {"engine/native/a.cc", "\"api/server/http.h\""},
      {"engine/native/a.cc", "\"storage/sqlite/journal.h\""},
      {"engine/runtime/a.cc", "<uv.h>"},
      {"engine/runtime/a.cc", "<sqlite3.h>"},
      {"api/stepwell/a.h", "\"schema/ids.h\""},
      {"api/stepwell/a.h", "<uv.h>"},
      {"api/stepwell/a.h", "<fmt/core.h>"},
      {"api/server/a.cc", "\"tests/shared.h\""},
      {"api/server/a.cc", "<sqlite3.h>"},
      {"tests/core/a.cc", "\"state.h\""},
  };
  for (const auto& [path, target] : bad) {
    CAPTURE(path);
    CAPTURE(target);
    std::string found = include_from(path, target);
    CHECK(found.find("1 layers\n") != std::string::npos);
  }
}

TEST_CASE("layers: what the design allows") {
  const std::pair<std::string, std::string> good[] = {
      {"schema/a.cc", "\"schema/ids.h\""},
      {"storage/sqlite/a.cc", "\"storage/journal.h\""},
      {"storage/sqlite/a.cc", "<sqlite3.h>"},
      {"engine/core/a.cc", "\"storage/journal.h\""},
      {"engine/core/a.cc", "\"engine/expr/program.h\""},
      {"engine/native/a.cc", "\"stepwell/step.h\""},
      {"engine/native/a.cc", "\"engine/core/call.h\""},
      {"engine/runtime/a.cc", "\"engine/native/driver.h\""},
      {"api/server/a.cc", "\"engine/runtime/loop.h\""},
      {"api/server/a.cc", "<uv.h>"},
      {"api/cli/a.cc", "\"storage/sqlite/journal.h\""},
      {"tests/storage/a.cc", "\"storage/sqlite/journal.h\""},
      {"bench/a.cc", "<sqlite3.h>"},
      {"examples/a.cc", "<stepwell/stepwell.h>"},
  };
  for (const auto& [path, target] : good) {
    CAPTURE(path);
    CAPTURE(target);
    CHECK(include_from(path, target) == "");
  }
  CHECK(lines_of("api/stepwell/a.h",
                 "#pragma once\n#include <vector>\n"
                 "#include \"stepwell/step.h\"\n") == "");
}

TEST_CASE("shape: lengths") {
  CHECK(lines_of("schema/a.cc", repeat("int a;\n", 600)) == "");
  CHECK(lines_of("schema/a.cc", repeat("int a;\n", 601)) == "0 shape\n");
  CHECK(lines_of("schema/a.cc", "int f() {\n" + repeat("\n", 68) + "}\n") == "");
  CHECK(lines_of("schema/a.cc", "int f() {\n" + repeat("\n", 69) + "}\n") == "1 shape\n");
  CHECK(lines_of("schema/a.cc", "struct S {\n" + repeat("  int a;\n", 90) + "};\n") == "");
  CHECK(lines_of("schema/a.cc", "namespace s {\n" + repeat("int a;\n", 90) + "}\n") == "");
  CHECK(lines_of("tests/a.cc", "TEST_CASE(\"x\") {\n" + repeat("\n", 69) + "}\n") == "1 shape\n");
  CHECK(lines_of("schema/a.cc", "int " + std::string(95, 'a') + ";\n") == "");
  CHECK(lines_of("schema/a.cc", "int " + std::string(96, 'a') + ";\n") == "1 shape\n");
  CHECK(lines_of("schema/a.cc", "// " + repeat("ä", 97) + "\n") == "");
  CHECK(lines_of("schema/a.cc", "auto s = R\"(" + std::string(200, 'a') + ")\";\n") == "");
}

TEST_CASE("shape: headers begin with #pragma once") {
  CHECK(lines_of("schema/a.h", "// What it is.\n#pragma once\n") == "");
  CHECK(lines_of("schema/a.h", "#ifndef A_H\n#define A_H\n#endif\n") == "1 shape\n");
  CHECK(lines_of("schema/a.h", "// Nothing.\n") == "1 shape\n");
}

TEST_CASE("shape: shell scripts fail when a command fails") {
  CHECK(lines_of("a.sh", "#!/bin/bash\nset -euo pipefail\nfalse || exit 1\n") == "");
  CHECK(lines_of("a.sh",
                 "#!/bin/bash\nset -euo pipefail\nfalse || tr"
                 "ue\n") == "3 shape\n");
  CHECK(lines_of("a.sh", "#!/bin/bash\nset -euo pipefail\nfalse || :\n") == "3 shape\n");
  CHECK(lines_of("a.sh", "#!/bin/bash\nset -euo pipefail\nkill $server || :\n") == "");
  CHECK(lines_of("a.sh", "#!/bin/bash\nfalse\n") == "1 shape\n");
}

TEST_CASE("purity: clocks, threads, randomness, I/O, environment") {
  const char* bad[] = {
      "auto t = std::chrono::system_clock::now();",
      "std::chrono::steady_clock::time_point t;",
      "auto t = std::time(nullptr);",
      "std::thread t(f);",
      "std::mutex m;",
      "thread_local int x;",
      "std::random_device d;",
      "int x = rand();",
      "std::cout << x;",
      "printf(\"x\");",
      "FILE* f = fopen(\"x\", \"r\");",
      "int s = socket(1, 2, 3);",
      "const char* home = getenv(\"HOME\");",
      "#include <thread>",
      "#include <fstream>",
      "#include <sys/socket.h>",
  };
  for (const char* line : bad) {
    CAPTURE(line);
    CHECK(lines_of("engine/core/a.cc", std::string("int a;\n") + line + "\n")
              .starts_with("2 purity\n"));
    CHECK(lines_of("engine/runtime/a.cc", std::string("int a;\n") + line + "\n") == "");
  }
  CHECK(lines_of("engine/flow/a.cc", "std::mutex m;\n") == "1 purity\n");
  CHECK(lines_of("engine/expr/a.cc", "std::mutex m;\n") == "1 purity\n");
  CHECK(lines_of("schema/ids.cc", "std::mutex m;\n") == "1 purity\n");
}

TEST_CASE("purity: what only looks impure") {
  CHECK(lines_of("engine/core/a.cc", "// std::thread is for others.\n") == "");
  CHECK(lines_of("engine/core/a.cc", "auto s = \"rand() getenv(\";\n") == "");
  CHECK(lines_of("engine/core/a.cc", "std::chrono::system_clock::time_point t;\n") == "");
  CHECK(lines_of("engine/core/a.cc", "Time t = ulid.time();\nint r = operand(1);\n") == "");
  CHECK(lines_of("schema/entropy.cc", "std::random_device d;\n") == "");
  CHECK(lines_of("schema/check.cc", "void f() { std::fprintf(stderr, text); }\n") == "");
}

TEST_CASE("purity: iteration over unordered containers") {
  const std::string member = "std::unordered_map<std::string, std::vector<int>> runs_;\n";
  const char* bad[] = {
      "void f() { for (auto& [id, run] : runs_) go(id); }\n",
      "void f() { for (const auto& entry : this->runs_) go(entry); }\n",
      "void f() { for (auto it = runs_.begin(); it != runs_.end(); ++it) go(it); }\n",
  };
  for (const char* line : bad) {
    CAPTURE(line);
    CHECK(lines_of("engine/core/a.cc", member + line) == "2 purity\n");
    CHECK(lines_of("engine/native/a.cc", member + line) == "");
  }
  CHECK(lines_of("engine/core/a.cc", member + "auto it = runs_.find(x);\n"
                                              "bool b = it == runs_.end();\n") == "");
  CHECK(lines_of("engine/core/a.cc",
                 "std::map<int, int> runs_;\nvoid f() { for (auto& run : runs_) go(run); }\n") ==
        "");
}

TEST_CASE("purity: the unordered member is declared in a header, through another, by an alias") {
  const Sample state = {"engine/core/state.h",
                        "#pragma once\nusing Runs = std::unordered_map<int, int>;\n"
                        "struct State { Runs runs; const Runs& all() const; };\n"};
  const Sample core = {"engine/core/core.h", "#pragma once\n#include \"engine/core/state.h\"\n"};
  const std::string include = "#include \"engine/core/core.h\"\n";
  CHECK(lines_of({state,
                  core,
                  {"engine/core/a.cc",
                   include + "void f(State& s) { for (auto& run : s.runs) go(run); }\n"}}) ==
        "2 purity\n");
  CHECK(lines_of({state,
                  core,
                  {"engine/core/a.cc",
                   include + "void f(State& s) { for (auto& run : s.all()) go(run); }\n"}}) ==
        "2 purity\n");
  CHECK(lines_of({state,
                  core,
                  {"engine/core/a.cc", include + "void f(std::vector<int> runs) {\n"
                                                 "  for (int run : runs) go(run);\n}\n"}}) == "");
}

TEST_CASE("words: unfinished work, paths of a machine, registry hosts") {
  CHECK(lines_of("docs/a.md",
                 "fine\nTO"
                 "DO: more\n") == "2 words\n");
  CHECK(lines_of("schema/a.cc",
                 "// FIX"
                 "ME\n") == "1 words\n");
  CHECK(lines_of("run.sh",
                 "set\nset -euo pipefail\ncd /wo"
                 "rk/main\n") == "3 words\n");
  CHECK(lines_of("scripts/a.txt",
                 "https://deb.deb"
                 "ian.org/x\n") == "1 words\n");
  CHECK(lines_of("docs/a.md",
                 "examples/wo"
                 "rk/ and net"
                 "work/x are fine, TO"
                 "DOS too\n") == "");
}

TEST_CASE("public: every function is documented") {
  const std::string begin = "#pragma once\nnamespace stepwell {\n";
  const std::string end = "}\n";
  CHECK(lines_of("api/stepwell/a.h", begin + "// Goes.\nvoid go();\n" + end) == "");
  CHECK(lines_of("api/stepwell/a.h", begin + "void go();\n" + end) == "3 public\n");
  CHECK(lines_of("api/stepwell/a.h", begin + "// Both go.\nvoid go();\nvoid go(int);\n" + end) ==
        "");
  CHECK(lines_of("api/stepwell/a.h", begin + "// Goes.\nvoid go();\n\nvoid stop();\n" + end) ==
        "6 public\n");
  CHECK(lines_of("api/stepwell/a.h",
                 begin +
                     "// A class.\nclass C {\n public:\n  void f();\n  C() = default;\n\n"
                     " private:\n  void g();\n};\n" +
                     end) == "6 public\n");
  CHECK(lines_of("api/stepwell/a.h",
                 begin + "// Goes.\nvoid go();\n\nint a;\n\nvoid go(int);\nvoid stop();\n" + end) ==
        "9 public\n");
  CHECK(lines_of("api/stepwell/a.h",
                 begin + "// A.\nclass A {\n public:\n  bool await_ready() const;\n};\n" + end) ==
        "");
  CHECK(lines_of("api/stepwell/a.h", begin + "struct S {\n  int a;\n};\n" + end) == "3 public\n");
  CHECK(lines_of("api/stepwell/a.h", begin + "namespace detail {\nvoid f();\n}\n" + end) == "");
  CHECK(lines_of("api/stepwell/detail/a.h", begin + "void f();\n" + end) == "");
  CHECK(lines_of("engine/core/a.h", begin + "void f();\n" + end) == "");
}

TEST_CASE("public: no braced default arguments in steps") {
  const std::string begin = "#pragma once\n";
  CHECK(lines_of("api/stepwell/step.h", begin + "// Waits.\nvoid wait(Options o = {});\n") ==
        "3 public\n");
  CHECK(lines_of("api/stepwell/step.h",
                 begin + "// Waits.\nvoid wait(int n, Options o = Options{}) { go(n); }\n") ==
        "3 public\n");
  CHECK(lines_of("api/stepwell/step.h", begin + "// Waits.\nvoid wait(int n = 3);\n") == "");
  CHECK(lines_of("api/stepwell/step.h", begin + "// O.\nstruct Options {\n  int a = {};\n};\n") ==
        "");
}

TEST_CASE("a finding reads like a compiler's message") {
  Findings findings = check({{"schema/a.cc", "int a;\nstd::mutex m;\n"}});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].to_string() ==
        "schema/a.cc:2: 'std::mutex' is a thread in a pure folder [purity]");
}

}  // namespace
}  // namespace stepwell::tidy
