// The pure folders: what runs there must give the same result each time, in the server and in the
// simulator. So it reads no clock, starts no thread, draws no unseeded random number, does no I/O,
// and never lets the order of an unordered container decide anything.
#include <algorithm>
#include <set>
#include <string>

#include "tests/tidy/rules.h"

namespace stepwell::tidy {
namespace {

struct Banned {
  std::string_view word;
  std::string_view what;
};

constexpr Banned kBannedWords[] = {
    {"system_clock::now", "a clock"},
    {"steady_clock", "a clock"},
    {"high_resolution_clock", "a clock"},
    {"clock_gettime", "a clock"},
    {"gettimeofday", "a clock"},
    {"std::time(", "a clock"},
    {"time(nullptr)", "a clock"},
    {"time(NULL)", "a clock"},
    {"localtime", "a clock"},
    {"localtime_r", "a clock"},
    {"std::thread", "a thread"},
    {"std::jthread", "a thread"},
    {"std::async", "a thread"},
    {"std::mutex", "a thread"},
    {"std::shared_mutex", "a thread"},
    {"std::recursive_mutex", "a thread"},
    {"std::condition_variable", "a thread"},
    {"std::atomic", "a thread"},
    {"this_thread", "a thread"},
    {"thread_local", "a thread"},
    {"pthread_create", "a thread"},
    {"random_device", "unseeded randomness"},
    {"default_random_engine", "unseeded randomness"},
    {"rand(", "unseeded randomness"},
    {"srand(", "unseeded randomness"},
    {"arc4random", "unseeded randomness"},
    {"getrandom", "unseeded randomness"},
    {"getentropy", "unseeded randomness"},
    {"RAND_bytes", "unseeded randomness"},
    {"cout", "I/O"},
    {"cerr", "I/O"},
    {"clog", "I/O"},
    {"cin", "I/O"},
    {"printf(", "I/O"},
    {"fprintf(", "I/O"},
    {"puts(", "I/O"},
    {"fputs(", "I/O"},
    {"fmt::print", "I/O"},
    {"fopen(", "I/O"},
    {"ifstream", "I/O"},
    {"ofstream", "I/O"},
    {"fstream", "I/O"},
    {"filesystem", "I/O"},
    {"socket(", "I/O"},
    {"getenv(", "the environment"},
    {"secure_getenv(", "the environment"},
    {"setenv(", "the environment"},
    {"system(", "the environment"},
};

constexpr std::string_view kBannedHeaders[] = {
    "thread",     "mutex",      "shared_mutex", "condition_variable",
    "future",     "atomic",     "iostream",     "fstream",
    "filesystem", "stop_token", "ctime",        "time.h",
    "barrier",    "latch",      "semaphore",    "unistd.h",
    "fcntl.h",    "pthread.h",  "uv.h",         "netdb.h",
    "sqlite3.h",  "poll.h",
};

// Exceptions, each for a reason. The word (or header) is allowed in this file only.
struct Allowed {
  std::string_view path;
  std::string_view word;
};
constexpr Allowed kAllowed[] = {
    // A broken invariant is printed before the process aborts.
    {"schema/check.cc", "fprintf("},
    // Fetched algorithms, kept for each thread: what they compute does not depend on it.
    {"schema/digest.cc", "thread_local"},
    // The system's time-zone database: a zone is read once, and never changes while the process
    // runs. Expressions may be evaluated by several threads.
    {"engine/expr/zone.cc", "fopen("},
    {"engine/expr/zone.cc", "mutex"},
    {"engine/expr/zone.cc", "std::mutex"},
};

bool is_pure(const SourceFile& file) {
  return file.is_cpp() &&
         file.is_under({"engine/core/", "engine/expr/", "engine/flow/", "schema/"}) &&
         !file.path.starts_with("schema/entropy.");  // where randomness comes in
}

bool is_allowed(const SourceFile& file, std::string_view word) {
  return std::any_of(std::begin(kAllowed), std::end(kAllowed), [&](const Allowed& allowed) {
    return allowed.path == file.path && allowed.word == word;
  });
}

void check_words_and_headers(const SourceFile& file, Findings& findings) {
  for (const Banned& banned : kBannedWords) {
    if (is_allowed(file, banned.word)) continue;
    for (size_t at : find_word(file.code, banned.word)) {
      findings.push_back({file.path, file.line_at(at), "purity",
                          "'" + std::string(banned.word) + "' is " + std::string(banned.what) +
                              " in a pure folder"});
    }
  }
  for (const Include& include : file.includes) {
    bool is_banned = std::find(std::begin(kBannedHeaders), std::end(kBannedHeaders),
                               include.target) != std::end(kBannedHeaders) ||
                     include.target.starts_with("sys/") || include.target.starts_with("netinet/");
    if (!is_banned || include.is_quoted || is_allowed(file, include.target)) continue;
    findings.push_back({file.path, include.line, "purity",
                        "<" + include.target + "> has no business in a pure folder"});
  }
}

using Names = std::set<std::string, std::less<>>;

std::string_view word_at(std::string_view code, size_t at) {
  size_t end = at;
  while (end < code.size() && is_word_char(code[end])) ++end;
  return code.substr(at, end - at);
}

// The name declared behind a type that ends at `at`: `> name`, `>& name`, `> const* name`.
std::string_view declared_name(std::string_view code, size_t at) {
  while (at < code.size()) {
    at = code.find_first_not_of(" \n&*", at);
    if (at == std::string_view::npos) return {};
    if (word_at(code, at) != "const") return word_at(code, at);
    at += 5;
  }
  return {};
}

// `using Name = std::unordered_map<...>` has its type at `type`.
std::string_view alias_name(std::string_view code, size_t type) {
  size_t begin = code.find_last_of(";{}", type);
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  std::string_view statement = code.substr(begin, type - begin);
  size_t at = statement.find("using ");
  size_t equals = statement.find('=');
  if (at == std::string_view::npos || equals == std::string_view::npos) return {};
  return trim(statement.substr(at + 6, equals - at - 6));
}

// Names of variables and functions whose type is one of `types<...>`; names of aliases for it.
void collect_names(std::string_view code, std::initializer_list<std::string_view> types,
                   Names& names, Names& aliases) {
  for (std::string_view type : types) {
    for (size_t at : find_word(code, type)) {
      size_t open = at + type.size();
      if (open >= code.size() || code[open] != '<') continue;
      std::string_view alias = alias_name(code, at);
      if (!alias.empty()) aliases.emplace(alias);
      std::string_view name = declared_name(code, find_close(code, open) + 1);
      if (alias.empty() && !name.empty()) names.emplace(name);
    }
  }
}

void collect_unordered(std::string_view code, Names& names, Names& aliases) {
  collect_names(code,
                {"unordered_map", "unordered_set", "unordered_multimap", "unordered_multiset"},
                names, aliases);
}

// `file` and all headers that it includes, directly or not.
void collect_reachable(const SourceFile& file, const Tree& tree,
                       std::map<std::string, const SourceFile*>& reached) {
  if (!reached.emplace(file.path, &file).second) return;
  for (const Include& include : file.includes) {
    auto header = tree.find(include.target);
    if (header != tree.end()) collect_reachable(header->second, tree, reached);
  }
}

Names unordered_names(const SourceFile& file, const Tree& tree) {
  std::map<std::string, const SourceFile*> reached;
  collect_reachable(file, tree, reached);
  Names names, aliases;
  for (const auto& [path, source] : reached) collect_unordered(source->code, names, aliases);
  for (const auto& [path, source] : reached) {
    for (const std::string& alias : aliases) {
      for (size_t at : find_word(source->code, alias)) {
        std::string_view name = declared_name(source->code, at + alias.size());
        if (!name.empty()) names.emplace(name);
      }
    }
  }
  return names;
}

// The last name of `state.waits`, `waits_`, `state->waits()`.
std::string_view last_name(std::string_view expression) {
  expression = trim(expression);
  if (expression.ends_with("()")) expression.remove_suffix(2);
  size_t begin = expression.size();
  while (begin > 0 && is_word_char(expression[begin - 1])) --begin;
  return expression.substr(begin);
}

// The range of `for (declaration : range)`; nothing for other loops.
std::string_view loop_range(std::string_view header) {
  if (header.find(';') != std::string_view::npos) return {};
  for (size_t at = 0; at < header.size(); ++at) {
    if (header[at] != ':') continue;
    bool is_double = (at > 0 && header[at - 1] == ':') || header.substr(at + 1, 1) == ":";
    if (!is_double) return header.substr(at + 1);
  }
  return {};
}

// A local variable of an ordered type may share its name with an unordered member elsewhere.
bool is_ordered_local(std::string_view range, const Names& ordered) {
  return range == last_name(range) && ordered.contains(range);
}

void check_iteration(const SourceFile& file, const Tree& tree, Findings& findings) {
  Names unordered = unordered_names(file, tree);
  Names ordered, unused;
  collect_names(file.code, {"vector", "map", "set", "array", "span", "deque", "multimap"}, ordered,
                unused);
  auto report = [&](size_t at, std::string_view name) {
    findings.push_back(
        {file.path, file.line_at(at), "purity",
         "iterates over '" + std::string(name) + "', an unordered container: its order is chance"});
  };
  for (size_t at : find_word(file.code, "for")) {
    size_t open = file.code.find_first_not_of(" \n", at + 3);
    if (open == std::string::npos || file.code[open] != '(') continue;
    size_t close = find_close(file.code, open);
    std::string_view header = std::string_view(file.code).substr(open + 1, close - open - 1);
    std::string_view range = trim(loop_range(header));
    std::string_view name = last_name(range);
    if (!name.empty() && unordered.contains(name) && !is_ordered_local(range, ordered)) {
      report(at, name);
    }
  }
  for (const std::string& name : unordered) {
    if (ordered.contains(name)) continue;
    for (size_t at : find_word(file.code, name + ".begin()")) report(at, name);
    for (size_t at : find_word(file.code, name + "->begin()")) report(at, name);
  }
}

}  // namespace

void check_purity(const SourceFile& file, const Tree& tree, Findings& findings) {
  if (!is_pure(file)) return;
  check_words_and_headers(file, findings);
  check_iteration(file, tree, findings);
}

}  // namespace stepwell::tidy
