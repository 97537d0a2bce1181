#include "bench/bench.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace stepwell::bench {

const std::vector<Workload>& workloads() {
  static const std::vector<Workload> all = {
      raw_workload(),      steps_workload(),    latency_workload(),  waits_workload(),
      sleepers_workload(), events_workload(),   recovery_workload(), sdk_workload(),
      index_workload(),    realtime_workload(), queued_workload(),   intake_workload(),
      overload_workload()};
  return all;
}

double percentile(std::vector<double> samples, double p) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  auto index = static_cast<size_t>(p * static_cast<double>(samples.size() - 1) + 0.5);
  return samples[std::min(index, samples.size() - 1)];
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_bytes(int process) {
  std::ifstream statm(process == 0 ? "/proc/self/statm"
                                   : "/proc/" + std::to_string(process) + "/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

Folder::Folder(const Options& options) {
  static int number = 0;
  path_ = options.folder + "/stepwell-bench-" + std::to_string(getpid()) + "-" +
          std::to_string(++number);
  std::filesystem::create_directories(path_);
}

Folder::~Folder() {
  std::error_code ignored;  // what is left behind is a matter for the user's disk, not for figures
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace stepwell::bench
