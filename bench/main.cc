// stepwell-bench [--json] [--check] [--quick] [--reps N] [--dir FOLDER] [WORKLOAD…]
//
// Runs workloads and prints the median, minimum and maximum of each figure over the repetitions.
// --check exits with 1 when a target is missed by the best of them. docs/benchmarks.md says what
// each workload is and how to read it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "bench/bench.h"
#include "schema/json.h"

namespace stepwell::bench {
namespace {

// A disk whose single-row commit takes longer than this is slower than the one the targets are for.
constexpr double kReferenceCommitMicros = 250;

// The measurements of all repetitions that have workload and parameters in common.
struct Series {
  Measurement first;
  std::map<std::string, std::vector<double>> figures;
};

std::vector<Series> gather(const std::vector<std::vector<Measurement>>& repetitions) {
  std::vector<Series> all;
  for (const auto& repetition : repetitions) {
    for (const Measurement& measurement : repetition) {
      auto found = std::find_if(all.begin(), all.end(), [&](const Series& series) {
        return series.first.workload == measurement.workload &&
               series.first.parameters == measurement.parameters;
      });
      if (found == all.end()) found = all.insert(all.end(), Series{measurement, {}});
      for (const auto& [key, value] : measurement.figures) found->figures[key].push_back(value);
    }
  }
  return all;
}

void print_json(const Series& series) {
  JsonWriter json;
  json.begin_object().key("workload").string(series.first.workload);
  for (const auto& [key, value] : series.first.parameters) json.key(key).number(value);
  for (const auto& [key, values] : series.figures) json.key(key).number(percentile(values, 0.5));
  for (const auto& [key, values] : series.figures) {
    json.key(key + "_min").number(*std::min_element(values.begin(), values.end()));
    json.key(key + "_max").number(*std::max_element(values.begin(), values.end()));
  }
  std::printf("%s\n", json.end_object().take().c_str());
}

void print_table(const Series& series) {
  std::string title = series.first.workload;
  for (const auto& [key, value] : series.first.parameters) {
    title += " " + key + "=" + json_number(value);
  }
  std::printf("%s\n", title.c_str());
  for (const auto& [key, values] : series.figures) {
    std::printf("  %-26s %14.3f   (%.3f to %.3f)\n", key.c_str(), percentile(values, 0.5),
                *std::min_element(values.begin(), values.end()),
                *std::max_element(values.begin(), values.end()));
  }
}

bool has_parameters(const Series& series, const Target& target) {
  return std::all_of(target.parameters.begin(), target.parameters.end(), [&](const auto& wanted) {
    auto found = series.first.parameters.find(wanted.first);
    return found != series.first.parameters.end() && found->second == wanted.second;
  });
}

bool check_target(const std::vector<Series>& all, const Target& target, double slowness) {
  for (const Series& series : all) {
    if (series.first.workload != target.workload || !has_parameters(series, target)) continue;
    auto figure = series.figures.find(target.key);
    if (figure == series.figures.end()) continue;
    const auto [min, max] = std::minmax_element(figure->second.begin(), figure->second.end());
    double bound = target.bound;
    if (target.scales_with_disk) bound = target.is_at_most ? bound * slowness : bound / slowness;
    double best = target.is_at_most ? *min : *max;
    bool holds = target.is_at_most ? best <= bound : best >= bound;
    std::printf("%s %s %s: best %.3f, target %s %.3f\n", holds ? "ok  " : "MISS",
                target.workload.c_str(), target.key.c_str(), best,
                target.is_at_most ? "<=" : ">=", bound);
    return holds;
  }
  std::printf("MISS %s %s: not measured\n", target.workload.c_str(), target.key.c_str());
  return false;
}

int usage() {
  std::fprintf(stderr,
               "usage: stepwell-bench [--json] [--check] [--quick] [--reps N] [--dir FOLDER] "
               "[WORKLOAD...]\n\n");
  for (const Workload& workload : workloads()) {
    std::fprintf(stderr, "  %-8s %s\n", workload.name.c_str(), workload.what.c_str());
  }
  return 2;
}

bool parse(int argc, char** argv, Options& options, std::vector<std::string>& names) {
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    bool has_value = i + 1 < argc;
    if (argument == "--json") {
      options.is_json = true;
    } else if (argument == "--check") {
      options.checks = true;
    } else if (argument == "--quick") {
      options.is_quick = true;
    } else if (argument == "--reps" && has_value) {
      options.repetitions = std::max(1, std::atoi(argv[++i]));
    } else if (argument == "--dir" && has_value) {
      options.folder = argv[++i];
    } else if (argument.starts_with("-")) {
      return false;
    } else {
      names.push_back(argument);
    }
  }
  return true;
}

int run(const Options& options, const std::vector<Workload>& chosen) {
  double slowness = 1;
  if (options.checks) {
    double commit = measure_raw(options, 1).commit_p50_us;
    slowness = std::max(1.0, commit / kReferenceCommitMicros);
    std::printf("single-row commit p50 %.0f us: bounds that depend on the disk x %.2f\n", commit,
                slowness);
  }
  bool is_good = true;
  for (const Workload& workload : chosen) {
    std::vector<std::vector<Measurement>> repetitions;
    for (int i = 0; i < options.repetitions; ++i) repetitions.push_back(workload.run(options));
    std::vector<Series> all = gather(repetitions);
    for (const Series& series : all) options.is_json ? print_json(series) : print_table(series);
    if (!options.checks) continue;
    for (const Target& target : workload.targets) is_good &= check_target(all, target, slowness);
  }
  return is_good ? 0 : 1;
}

}  // namespace
}  // namespace stepwell::bench

int main(int argc, char** argv) {
  using namespace stepwell::bench;
  Options options;
  options.folder = std::filesystem::current_path().string();
  std::vector<std::string> names;
  if (!parse(argc, argv, options, names)) return usage();
  std::vector<Workload> chosen;
  for (const Workload& workload : workloads()) {
    bool is_named = std::find(names.begin(), names.end(), workload.name) != names.end();
    if (is_named || (names.empty() && !workload.is_by_hand)) chosen.push_back(workload);
  }
  if (!names.empty() && chosen.size() != names.size()) return usage();
  return run(options, chosen);
}
