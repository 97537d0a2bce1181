// The folders are the layers: which folder may include which.
#include <algorithm>
#include <vector>

#include "tests/tidy/rules.h"

namespace stepwell::tidy {
namespace {

// "engine/" stands for a folder and all below it, "storage/*" for the files directly in it.
struct Layer {
  std::string_view folder;
  std::vector<std::string_view> may_include;
};

// The first folder that a file is under decides.
const std::vector<Layer>& layers() {
  static const std::vector<Layer> table = {
      {"schema/", {"schema/"}},
      {"storage/sqlite/", {"schema/", "storage/*", "storage/sqlite/"}},
      {"storage/memory/", {"schema/", "storage/*", "storage/memory/"}},
      {"storage/", {"schema/", "storage/*"}},
      {"engine/expr/", {"schema/", "engine/expr/"}},
      {"engine/flow/", {"schema/", "engine/expr/", "engine/flow/"}},
      {"engine/core/", {"schema/", "storage/*", "engine/expr/", "engine/flow/", "engine/core/"}},
      {"engine/realtime/", {"schema/", "storage/*", "engine/realtime/"}},
      {"engine/native/", {"schema/", "storage/*", "engine/", "stepwell/"}},
      {"engine/runtime/", {"schema/", "storage/*", "engine/", "stepwell/"}},
      {"engine/", {"schema/", "storage/*", "engine/"}},
      {"api/stepwell/", {"stepwell/"}},
      {"api/", {"schema/", "storage/", "engine/", "api/", "stepwell/"}},
  };
  return table;
}

// Libraries that stay behind one folder's walls. Tests and benchmarks may look behind them.
struct Walled {
  std::string_view header;
  std::string_view folder;
};
constexpr Walled kWalled[] = {
    {"sqlite3.h", "storage/sqlite/"},
    {"uv.h", "api/"},
    {"llhttp", "api/"},
    {"CLI/", "api/cli/"},
};

bool is_allowed(std::string_view target, std::string_view pattern) {
  if (!pattern.ends_with("/*")) return target.starts_with(pattern);
  pattern.remove_suffix(1);
  return target.starts_with(pattern) && target.find('/', pattern.size()) == std::string_view::npos;
}

// The public headers are found under two names: by embedders and from the root of the tree.
std::string_view normalise(std::string_view target) {
  constexpr std::string_view kRoot = "api/stepwell/";
  return target.starts_with(kRoot) ? target.substr(kRoot.find("stepwell")) : target;
}

void check_own_include(const SourceFile& file, const Include& include, Findings& findings) {
  auto report = [&](std::string message) {
    findings.push_back({file.path, include.line, "layers", std::move(message)});
  };
  if (include.target.find('/') == std::string::npos) {
    return report("\"" + include.target + "\" is not relative to the root of the tree");
  }
  auto layer = std::find_if(layers().begin(), layers().end(), [&](const Layer& candidate) {
    return file.path.starts_with(candidate.folder);
  });
  if (layer == layers().end()) return;  // tests, bench and examples may look everywhere
  std::string_view target = normalise(include.target);
  bool is_fine = std::any_of(layer->may_include.begin(), layer->may_include.end(),
                             [&](std::string_view pattern) { return is_allowed(target, pattern); });
  if (!is_fine) {
    report(std::string(layer->folder) + " must not include " + include.target);
  }
}

void check_foreign_include(const SourceFile& file, const Include& include, Findings& findings) {
  auto report = [&](std::string message) {
    findings.push_back({file.path, include.line, "layers", std::move(message)});
  };
  // Headers of the standard library have neither an extension nor a folder.
  if (file.path.starts_with("api/stepwell/") &&
      include.target.find_first_of("./") != std::string::npos) {
    return report("public headers include only the standard library, not <" + include.target + ">");
  }
  if (file.is_under({"tests/", "bench/"})) return;
  for (const Walled& walled : kWalled) {
    if (include.target.starts_with(walled.header) && !file.path.starts_with(walled.folder)) {
      report("<" + include.target + "> belongs to " + std::string(walled.folder));
    }
  }
}

}  // namespace

void check_layers(const SourceFile& file, Findings& findings) {
  for (const Include& include : file.includes) {
    if (include.is_quoted || include.target.starts_with("stepwell/")) {
      check_own_include(file, include, findings);
    } else {
      check_foreign_include(file, include, findings);
    }
  }
}

}  // namespace stepwell::tidy
