// A disk in memory that behaves as badly as disks may. Of each file it keeps what processes see
// (the page cache) apart from what is surely on the disk. When the power goes, a random choice of
// the sectors that were written since the last sync survives, in any version, and the last one may
// be torn. A sync that fails forgets what it should have written, as Linux does: the pages are
// clean, so no later sync writes them. Calls fail on request. All of it follows from a seed.
//
// One thread. The file system's names are flat.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/random.h"

namespace stepwell::faults {

// How a call goes wrong.
enum class FaultKind : uint8_t {
  kSyncError,   // a sync fails; what it should have written may or may not be there
  kWriteError,  // a write fails without effect
  kShortWrite,  // a part is written, then the disk is full
  kFull,        // no write finds room
  kNoGrowth,    // no write that makes a file longer finds room
  kReadError,   // a read fails
  kPowerCut,    // the power goes at a write, sync or truncation; the call may have had effect
};
inline constexpr FaultKind kAllFaults[] = {
    FaultKind::kSyncError, FaultKind::kWriteError, FaultKind::kShortWrite, FaultKind::kFull,
    FaultKind::kNoGrowth,  FaultKind::kReadError,  FaultKind::kPowerCut};
std::string_view fault_name(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::kSyncError;
  uint64_t at = 0;           // which of the calls that it concerns, from 0
  bool is_for_ever = false;  // from then on, until the disk is healed; a power cut is once
};

// How a call ended.
enum class IoStatus : uint8_t { kOk, kShortRead, kFailed, kFull };

// Calls since the disk was made, of the kinds that faults are counted by.
struct CallCounts {
  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t syncs = 0;
  uint64_t changes = 0;  // writes, syncs and truncations
  uint64_t concerning(FaultKind kind) const;
};

class SimFile;

class SimDisk {
 public:
  explicit SimDisk(uint64_t seed);
  // The same content, surely there or not, with no faults planned.
  std::unique_ptr<SimDisk> copy(uint64_t seed) const;

  void plan(Fault fault);
  // Heals by itself after so many failed calls.
  void heal_after(uint64_t failures) { failures_max_ = failures; }
  // Nothing fails any more.
  void heal();
  // Whether a planned fault has happened, and how many calls failed.
  uint64_t failures() const { return failures_; }
  const CallCounts& counts() const { return counts_; }

  // While true every write finds the disk full.
  void set_full(bool is_full) { is_full_ = is_full; }

  // No call has an effect or succeeds until power_on(): the process is dead, or the machine.
  void detach() { is_detached_ = true; }
  bool has_lost_power() const { return has_lost_power_; }
  // The next process can start. With `loses_unsynced`, what was not synced may be gone.
  void power_on(bool loses_unsynced);

  // As SQLite's VFS names these.
  std::shared_ptr<SimFile> open(const std::string& name, bool may_create);
  IoStatus remove(const std::string& name, bool is_synced);
  bool exists(const std::string& name) const;
  // What was made and removed so far stays so.
  void sync_folder();

  Random& random() { return random_; }

 private:
  friend class SimFile;
  struct Planned {
    Fault fault;
    uint64_t seen = 0;  // calls that it concerns
    bool is_over = false;
  };

  // Whether a fault of this kind hits the call at hand. Counts it.
  bool hits(FaultKind kind, bool counts);
  // For a call that changes a file: the power may go at it. False: it did.
  bool stays_powered();

  Random random_;
  std::map<std::string, std::shared_ptr<SimFile>> files_;
  std::map<std::string, std::shared_ptr<SimFile>> removed_;  // the removal is not synced
  std::vector<Planned> planned_;
  CallCounts counts_;
  uint64_t failures_ = 0;
  uint64_t failures_max_ = UINT64_MAX;
  bool is_full_ = false;
  bool is_detached_ = false;
  bool has_lost_power_ = false;
};

class SimFile {
 public:
  explicit SimFile(SimDisk& disk) : disk_(&disk) {}

  IoStatus read(char* to, size_t size, uint64_t at);
  IoStatus write(std::string_view data, uint64_t at);
  IoStatus truncate(uint64_t size);
  IoStatus sync();
  uint64_t size() const { return seen_.size(); }

 private:
  friend class SimDisk;
  // Something done to the file that is not surely on the disk: a write within one sector, or (no
  // data) a new length.
  struct Change {
    uint64_t at = 0;
    std::string data;
    uint64_t length = 0;
  };

  void put(std::string_view data, uint64_t at);
  static void apply(std::string& image, const Change& change, size_t bytes);
  void lose_unsynced(Random& random);

  SimDisk* disk_;
  std::string seen_;
  std::string safe_;
  std::vector<Change> unsynced_;
  bool is_name_safe_ = false;  // the folder was synced since the file was made
};

}  // namespace stepwell::faults
