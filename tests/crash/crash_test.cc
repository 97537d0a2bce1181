// Kills the real server with SIGKILL, again and again, also while it recovers, and stops it for a
// while with SIGSTOP, under a load that has every kind of step open; then checks from outside that
// nothing acknowledged was lost, nothing was recorded twice, nothing that was seen has changed, and
// nothing is stuck.
//
//   crash-test APP FOLDER [KILLS [EVENTS [SEED]]]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "schema/entropy.h"
#include "schema/json.h"
#include "schema/random.h"
#include "tests/crash/client.h"
#include "tests/crash/process.h"

namespace stepwell::crash {
namespace {

using namespace std::chrono_literals;

struct Plan {
  std::string app;
  std::string folder;
  int kills = 50;
  int events = 1000;
  uint64_t seed = 0;
  uint16_t port = 0;
};

constexpr int kSenders = 4;

class CrashTest {
 public:
  explicit CrashTest(Plan plan)
      : plan_(std::move(plan)), random_(plan_.seed), client_(plan_.port, ledger_) {}

  int run() {
    std::atomic<bool> stop_senders{false};
    std::atomic<bool> stop{false};
    std::vector<std::thread> senders;
    for (int i = 0; i < kSenders; ++i) {
      senders.emplace_back([this, i, &stop_senders] {
        client_.send_events("s" + std::to_string(i) + "-", plan_.events / kSenders, allowed_,
                            stop_senders);
        ++senders_done_;
      });
    }
    std::thread answerer([&] { client_.answer(stop); });
    std::thread watcher([&] { client_.watch(stop); });
    const bool is_ready = kill_again_and_again() && start_again();
    if (is_ready) check_second_process();
    const bool is_up = is_ready && wait_until_sent();
    stop_senders = true;
    for (std::thread& sender : senders) sender.join();
    const bool is_settled = is_up && wait_until_settled();
    stop = true;
    answerer.join();
    watcher.join();
    if (!is_up) return report();
    if (!is_settled) fail("runs are stuck");
    check_runs();
    if (process_.stop(60s) != 0) fail("the server did not stop in order");
    return report();
  }

 private:
  void start() {
    process_.start({plan_.app, plan_.folder + "/crash.db", std::to_string(plan_.port)},
                   plan_.folder + "/app.log");
  }

  bool wait_until_healthy() {
    auto deadline = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < deadline) {
      if (client_.is_healthy()) return true;
      if (!process_.is_running()) return false;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }

  bool start_again() {
    start();
    if (wait_until_healthy()) return true;
    fail("the server did not get ready after a kill");
    return false;
  }

  // Until all events are acknowledged.
  bool wait_until_sent() {
    while (senders_done_ < kSenders) {
      if (!process_.is_running()) {
        fail("the server ended by itself");
        return false;
      }
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }

  // Events come as evenly as kills. All at once they would be more than the server gets done
  // between two kills, and runs would come to their waits when the answers, which are sent once,
  // are older than a wait looks back.
  void allow_events(int kills) {
    const int events = plan_.events / kSenders;
    allowed_ = kills >= plan_.kills ? events : 1 + events * kills / plan_.kills;
  }

  // A third of the kills aim at the time before the server is ready, which is short on a fast
  // machine: there are more kills until enough have hit it. False if the server cannot be started.
  bool kill_again_and_again() {
    const int wanted = (plan_.kills + 4) / 5;
    for (int i = 0; i < plan_.kills || (kills_in_recovery_ < wanted && i < 10 * plan_.kills); ++i) {
      allow_events(i + 1);
      bool is_ready = false;
      if (i >= plan_.kills || random_.below(3) == 0) {
        start();
        std::this_thread::sleep_for(std::chrono::milliseconds(random_.below(12)));
        if (!client_.is_healthy()) ++kills_in_recovery_;
      } else {
        if (!start_again()) return false;
        is_ready = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(random_.below(400)));
      }
      if (random_.below(4) == 0) stand_still(is_ready);
      process_.kill();
      ++kills_;
    }
    allow_events(plan_.kills);
    return true;
  }

  // For the process time jumps: timers are overdue and its clients have given up. Meanwhile nobody
  // else gets at the file that it has locked. Half of the time it is killed while it stands still.
  void stand_still(bool is_ready) {
    process_.freeze();
    if (!process_.is_running()) return fail("the server ended by itself");
    ++freezes_;
    if (is_ready && random_.below(4) == 0) check_second_process();
    std::this_thread::sleep_for(std::chrono::milliseconds(random_.below(300)));
    if (random_.below(2) == 0) return;
    process_.thaw();
    std::this_thread::sleep_for(std::chrono::milliseconds(random_.below(100)));
  }

  // It ends at once, and says who has the file.
  void check_second_process() {
    const std::string log = plan_.folder + "/second.log";
    std::filesystem::remove(log);
    Process second;
    second.start({plan_.app, plan_.folder + "/crash.db", std::to_string(plan_.port + 1)}, log);
    const int code = second.wait(60s);
    std::ifstream file(log);
    const std::string said{std::istreambuf_iterator<char>(file), {}};
    const std::string holder = "in use by process " + std::to_string(process_.id()) + ",";
    if (code != kFileInUse || said.find(holder) == std::string::npos) {
      fail("a second process on the same file ended with " + std::to_string(code) +
           " and said: " + said);
    }
    ++refusals_;
  }

  // All runs have ended, and every acknowledged event has its run.
  bool wait_until_settled() {
    auto deadline = std::chrono::steady_clock::now() + 120s;
    while (std::chrono::steady_clock::now() < deadline) {
      std::vector<Client::RunSummary> runs;
      if (client_.list_runs("crash-work", runs)) {
        size_t open = 0;
        for (const auto& run : runs) open += run.status == "Running" || run.status == "Scheduled";
        if (open == 0 && runs.size() >= ledger_.events().size()) return true;
      }
      std::this_thread::sleep_for(50ms);
    }
    return false;
  }

  void check_runs() {
    std::vector<Client::RunSummary> runs;
    if (!client_.list_runs("crash-work", runs)) return fail("the runs cannot be listed");
    std::map<std::string, int> runs_of_event;
    for (const auto& run : runs) {
      ++runs_of_event[run.event_id];
      if (run.status != "Completed") {
        fail("run " + run.id + " of event " + run.event_id + " is " + run.status);
        continue;
      }
      check_output(run);
    }
    for (const auto& [event, kind] : ledger_.events()) {
      int count = runs_of_event[event];
      if (count != 1) fail("event " + event + " has " + std::to_string(count) + " runs");
    }
    for (const std::string& contradiction : ledger_.contradictions()) fail(contradiction);
    runs_ = runs.size();
  }

  // What the code saw is what is recorded: each token of the output stands in exactly one step.
  void check_output(const Client::RunSummary& run) {
    std::string trace = client_.trace(run.id);
    if (trace.empty()) return fail("run " + run.id + " cannot be read");
    std::vector<std::string> recorded;
    std::set<std::string> keys;
    auto steps = JsonView::trusted(trace).find("steps");
    for (JsonElements it = steps->elements(); it.next();) {
      auto key = it.value().find("key");
      if (!keys.insert(key->as_string().value_or("")).second) {
        fail("run " + run.id + " has a step recorded twice");
      }
      if (auto data = it.value().find("data")) recorded.emplace_back(data->text());
    }
    auto tokens = JsonView::trusted(run.output).find("tokens");
    if (!tokens) return fail("run " + run.id + " has no tokens in its output");
    for (JsonElements it = tokens->elements(); it.next();) {
      const std::string token(it.value().text());
      if (token == "\"timed out\"") continue;
      // Of a reply, a signal or sent ids it is a part.
      const auto places = std::count_if(recorded.begin(), recorded.end(), [&](const auto& data) {
        return data.find(token) != std::string::npos;
      });
      if (places == 1) continue;
      fail("run " + run.id + " saw " + token + ", which is recorded in " + std::to_string(places) +
           " steps");
    }
  }

  void fail(const std::string& what) {
    std::printf("FAIL %s\n", what.c_str());
    ++failures_;
  }

  int report() {
    std::printf(
        "seed %llu: %d kills (%d during recovery), stopped %d times, %d second processes, "
        "%zu acknowledged events, %zu runs, %zu step results observed\n",
        static_cast<unsigned long long>(plan_.seed), kills_, kills_in_recovery_, freezes_,
        refusals_, ledger_.events().size(), runs_, ledger_.observations());
    if (kills_in_recovery_ * 5 < plan_.kills) fail("too few kills came during a recovery");
    std::printf("%d passed, %d failed, 0 skipped\n", failures_ == 0 ? 1 : 0,
                failures_ == 0 ? 0 : 1);
    return failures_ == 0 ? 0 : 1;
  }

  Plan plan_;
  Random random_;
  Ledger ledger_;
  Client client_;
  Process process_;
  std::atomic<int> allowed_{0};  // of each sender's events
  std::atomic<int> senders_done_{0};
  int kills_ = 0;
  int kills_in_recovery_ = 0;
  int freezes_ = 0;
  int refusals_ = 0;  // of second processes
  size_t runs_ = 0;
  int failures_ = 0;
};

// Below the ports that the kernel gives to clients: one that tries a port where nobody listens
// just now could be given that port itself; it would then be connected to itself, and the server
// could not have its port back for a minute.
uint16_t server_port(uint64_t seed) {
  constexpr uint64_t kLowest = 10'000;
  uint64_t first_of_clients = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first_of_clients;
  if (first_of_clients < kLowest + 1000) first_of_clients = 32'768;
  return static_cast<uint16_t>(kLowest + seed % (first_of_clients - kLowest - 1));
}

}  // namespace
}  // namespace stepwell::crash

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: crash-test APP FOLDER [KILLS [EVENTS [SEED]]]\n");
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // if it is stopped, what it has said is in the log
  stepwell::crash::Plan plan{.app = argv[1], .folder = argv[2]};
  if (argc > 3) plan.kills = std::atoi(argv[3]);
  if (argc > 4) plan.events = std::atoi(argv[4]);
  plan.seed = argc > 5 ? std::strtoull(argv[5], nullptr, 10) : stepwell::entropy_seed();
  plan.port = stepwell::crash::server_port(plan.seed);
  std::filesystem::create_directories(plan.folder);
  return stepwell::crash::CrashTest(plan).run();
}
