// What the workloads of stepwell-bench share: measurements, percentiles, a place for files.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace stepwell::bench {

struct Options {
  std::string folder;  // for databases; on the disk that is to be measured
  bool is_json = false;
  bool checks = false;
  bool is_quick = false;  // a tenth of the size: does it run at all?
  int repetitions = 5;
};

// One line of results: what was run with which parameters, and the figures by key.
struct Measurement {
  std::string workload;
  std::map<std::string, double> parameters;
  std::map<std::string, double> figures;
};

// What must hold for the best of the repetitions; `is_at_most`: a smaller figure is better.
struct Target {
  std::string workload;
  std::map<std::string, double> parameters;  // those that matter
  std::string key;
  double bound = 0;
  bool is_at_most = false;
  // Seconds and rates depend on the disk: scaled when its commits are slower than 250 µs.
  bool scales_with_disk = false;
};

struct Workload {
  std::string name;
  std::string what;
  std::function<std::vector<Measurement>(const Options&)> run;  // one repetition
  std::vector<Target> targets;
  bool is_by_hand = false;  // only when it is named: it takes minutes
};

// In the order of benchmarks.md.
const std::vector<Workload>& workloads();

Workload raw_workload();
Workload steps_workload();     // W1
Workload latency_workload();   // W2
Workload waits_workload();     // W3
Workload sleepers_workload();  // W4
Workload events_workload();    // W5
Workload recovery_workload();  // W6
Workload sdk_workload();       // W7
Workload index_workload();     // W8
Workload realtime_workload();  // W9
Workload queued_workload();    // W10
Workload intake_workload();    // W10: events into debounces and batches
Workload overload_workload();

// -- Helpers -------------------------------------------------------------------------------------

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  double micros() const { return seconds() * 1e6; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// The value below which the share `p` (0 to 1) of the samples lies.
double percentile(std::vector<double> samples, double p);

// CPU seconds of this process so far, all threads.
double cpu_seconds();
// Resident memory of this process or another one, in bytes.
double resident_bytes(int process = 0);

// A new folder below options.folder, removed with all it holds at the end.
class Folder {
 public:
  explicit Folder(const Options& options);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// RAW once: rows a second and commit latencies with so many rows a commit.
struct RawFigures {
  double rows_per_s = 0;
  double commit_p50_us = 0;
  double commit_p99_us = 0;
};
RawFigures measure_raw(const Options& options, int rows_per_commit);

}  // namespace stepwell::bench
