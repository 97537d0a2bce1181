#include "tests/faults/sim_disk.h"

#include <algorithm>
#include <cstring>

namespace stepwell::faults {
namespace {

constexpr uint64_t kSector = 512;

// How much of what was not synced survives a power cut: nearly nothing, half, nearly all.
constexpr double kSurvival[] = {0.02, 0.5, 0.98};

}  // namespace

std::string_view fault_name(FaultKind kind) {
  switch (kind) {
    case FaultKind::kSyncError:
      return "sync-error";
    case FaultKind::kWriteError:
      return "write-error";
    case FaultKind::kShortWrite:
      return "short-write";
    case FaultKind::kFull:
      return "full";
    case FaultKind::kNoGrowth:
      return "no-growth";
    case FaultKind::kReadError:
      return "read-error";
    case FaultKind::kPowerCut:
      return "power-cut";
  }
  return "?";
}

uint64_t CallCounts::concerning(FaultKind kind) const {
  switch (kind) {
    case FaultKind::kSyncError:
      return syncs;
    case FaultKind::kReadError:
      return reads;
    case FaultKind::kPowerCut:
      return changes;
    default:
      return writes;
  }
}

// -- The disk -------------------------------------------------------------------------------------

SimDisk::SimDisk(uint64_t seed) : random_(Random(seed).stream("disk")) {}

std::unique_ptr<SimDisk> SimDisk::copy(uint64_t seed) const {
  auto made = std::make_unique<SimDisk>(seed);
  auto twin_of = [&made](const SimFile& file) {
    auto twin = std::make_shared<SimFile>(file);
    twin->disk_ = made.get();
    return twin;
  };
  for (const auto& [name, file] : files_) made->files_[name] = twin_of(*file);
  for (const auto& [name, file] : removed_) made->removed_[name] = twin_of(*file);
  return made;
}

void SimDisk::plan(Fault fault) {
  planned_.push_back({fault});
}

void SimDisk::heal() {
  planned_.clear();
  is_full_ = false;
}

bool SimDisk::hits(FaultKind kind, bool counts) {
  bool is_hit = false;
  for (Planned& planned : planned_) {
    if (planned.fault.kind != kind || planned.is_over) continue;
    uint64_t number = planned.seen;
    if (counts) ++planned.seen;
    if (number < planned.fault.at || !counts) continue;
    is_hit = true;
    planned.is_over = !planned.fault.is_for_ever || kind == FaultKind::kPowerCut;
  }
  failures_ += is_hit;
  if (failures_ > failures_max_) heal();
  return is_hit;
}

bool SimDisk::stays_powered() {
  ++counts_.changes;
  if (!hits(FaultKind::kPowerCut, true)) return true;
  has_lost_power_ = true;
  is_detached_ = true;
  return false;
}

void SimDisk::power_on(bool loses_unsynced) {
  if (loses_unsynced || has_lost_power_) {
    for (auto& [name, file] : removed_) {
      // Its name may be there again, unless another file has taken it for good.
      auto found = files_.find(name);
      bool is_replaced = found != files_.end() && found->second->is_name_safe_;
      if (!is_replaced && random_.chance(0.5)) files_[name] = file;
    }
    for (auto each = files_.begin(); each != files_.end();) {
      SimFile& file = *each->second;
      if (!file.is_name_safe_ && random_.chance(0.5)) {
        each = files_.erase(each);
        continue;
      }
      file.lose_unsynced(random_);
      file.is_name_safe_ = true;
      ++each;
    }
    removed_.clear();
  }
  has_lost_power_ = false;
  is_detached_ = false;
}

std::shared_ptr<SimFile> SimDisk::open(const std::string& name, bool may_create) {
  if (is_detached_) return nullptr;
  auto found = files_.find(name);
  if (found != files_.end()) return found->second;
  if (!may_create) return nullptr;
  auto made = std::make_shared<SimFile>(*this);
  // The engine syncs the folder after it has made the database's file, which
  // tests/storage/folder_sync_test.cc checks; SQLite does so with the log's first sync.
  made->is_name_safe_ = name.find('-') == std::string::npos;
  files_[name] = made;
  return made;
}

IoStatus SimDisk::remove(const std::string& name, bool is_synced) {
  if (is_detached_) return IoStatus::kFailed;
  auto found = files_.find(name);
  if (found == files_.end()) return IoStatus::kOk;
  if (!is_synced && found->second->is_name_safe_) removed_[name] = found->second;
  files_.erase(found);
  return IoStatus::kOk;
}

bool SimDisk::exists(const std::string& name) const {
  return files_.contains(name);
}

void SimDisk::sync_folder() {
  if (is_detached_) return;
  for (auto& [name, file] : files_) file->is_name_safe_ = true;
  removed_.clear();
}

// -- A file ---------------------------------------------------------------------------------------

IoStatus SimFile::read(char* to, size_t size, uint64_t at) {
  if (disk_->is_detached_) return IoStatus::kFailed;
  ++disk_->counts_.reads;
  if (disk_->hits(FaultKind::kReadError, true)) return IoStatus::kFailed;
  size_t there = at < seen_.size() ? std::min<size_t>(size, seen_.size() - at) : 0;
  std::memcpy(to, seen_.data() + std::min<uint64_t>(at, seen_.size()), there);
  std::memset(to + there, 0, size - there);
  return there == size ? IoStatus::kOk : IoStatus::kShortRead;
}

IoStatus SimFile::write(std::string_view data, uint64_t at) {
  if (disk_->is_detached_) return IoStatus::kFailed;
  ++disk_->counts_.writes;
  if (!disk_->stays_powered()) {
    if (disk_->random_.chance(0.5)) put(data, at);
    return IoStatus::kFailed;
  }
  bool grows = at + data.size() > seen_.size();
  if (disk_->is_full_) return IoStatus::kFull;
  if (disk_->hits(FaultKind::kWriteError, true)) return IoStatus::kFailed;
  if (disk_->hits(FaultKind::kFull, true)) return IoStatus::kFull;
  if (disk_->hits(FaultKind::kNoGrowth, grows)) return IoStatus::kFull;
  if (disk_->hits(FaultKind::kShortWrite, true)) {
    put(data.substr(0, disk_->random_.below(data.size())), at);
    return IoStatus::kFull;
  }
  put(data, at);
  return IoStatus::kOk;
}

void SimFile::put(std::string_view data, uint64_t at) {
  while (!data.empty()) {
    size_t in_sector = static_cast<size_t>(kSector - at % kSector);
    Change change{at, std::string(data.substr(0, in_sector)), 0};
    apply(seen_, change, change.data.size());
    at += change.data.size();
    data.remove_prefix(change.data.size());
    unsynced_.push_back(std::move(change));
  }
}

IoStatus SimFile::truncate(uint64_t size) {
  if (disk_->is_detached_) return IoStatus::kFailed;
  bool is_powered = disk_->stays_powered();
  if (is_powered || disk_->random_.chance(0.5)) {
    unsynced_.push_back({0, {}, size});
    apply(seen_, unsynced_.back(), 0);
  }
  return is_powered ? IoStatus::kOk : IoStatus::kFailed;
}

IoStatus SimFile::sync() {
  if (disk_->is_detached_) return IoStatus::kFailed;
  ++disk_->counts_.syncs;
  if (!disk_->stays_powered()) {
    if (disk_->random_.chance(0.5)) {
      for (const Change& change : unsynced_) apply(safe_, change, change.data.size());
      unsynced_.clear();
    }
    return IoStatus::kFailed;
  }
  bool fails = disk_->hits(FaultKind::kSyncError, true);
  for (const Change& change : unsynced_) {
    // What a failed sync did not write is clean from then on: seen, and never written.
    if (!fails || disk_->random_.chance(0.5)) apply(safe_, change, change.data.size());
  }
  unsynced_.clear();
  if (fails) return IoStatus::kFailed;
  if (!is_name_safe_) disk_->sync_folder();  // as SQLite does with a new log
  return IoStatus::kOk;
}

void SimFile::apply(std::string& image, const Change& change, size_t bytes) {
  if (change.data.empty()) return image.resize(change.length);
  if (image.size() < change.at + bytes) image.resize(change.at + bytes);
  std::copy_n(change.data.begin(), bytes, image.begin() + static_cast<ptrdiff_t>(change.at));
}

void SimFile::lose_unsynced(Random& random) {
  double survival = kSurvival[random.below(std::size(kSurvival))];
  for (size_t i = 0; i < unsynced_.size(); ++i) {
    if (!random.chance(survival)) continue;
    const Change& change = unsynced_[i];
    size_t bytes = change.data.size();
    bool is_torn = i + 1 == unsynced_.size() && bytes > 1 && random.chance(0.5);
    apply(safe_, change, is_torn ? 1 + random.below(bytes - 1) : bytes);
  }
  unsynced_.clear();
  seen_ = safe_;
}

}  // namespace stepwell::faults
