#include "tests/faults/sim_vfs.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cstring>
#include <new>
#include <vector>

#include "schema/check.h"

namespace stepwell::faults {
namespace {

// 2026-11-24 in Julian days, as milliseconds: time stands still for SQLite.
constexpr sqlite3_int64 kNow = 212'645'000'000'000;

constexpr int kNamesMax = 200;

// What the connections of the one process share of a file.
struct Node {
  int shared = 0;           // connections that hold SHARED or more
  void* writer = nullptr;   // who holds RESERVED or more
  bool is_pending = false;  // the writer waits until all others are gone
  std::vector<std::unique_ptr<std::array<char, 32768>>> regions;
  int maps = 0;
  std::array<int, SQLITE_SHM_NLOCK> shm_shared{};
  std::array<bool, SQLITE_SHM_NLOCK> shm_exclusive{};
};

struct Handle {
  sqlite3_file base;
  std::shared_ptr<SimFile>* file;
  Node* node;
  int level;
  bool is_mapped;
  unsigned shm_shared;  // bits of the locks that this connection holds
  unsigned shm_exclusive;
};

Handle* handle_of(sqlite3_file* file) {
  return reinterpret_cast<Handle*>(file);
}
SimFile& file_of(sqlite3_file* file) {
  return **handle_of(file)->file;
}

}  // namespace

struct SimVfs::State {
  SimDisk* disk = nullptr;
  std::map<std::string, std::unique_ptr<Node>> nodes;
};

namespace {

int code_of(IoStatus status, int failed) {
  switch (status) {
    case IoStatus::kOk:
      return SQLITE_OK;
    case IoStatus::kShortRead:
      return SQLITE_IOERR_SHORT_READ;
    case IoStatus::kFull:
      return SQLITE_FULL;
    case IoStatus::kFailed:
      return failed;
  }
  return failed;
}

// -- Bytes ----------------------------------------------------------------------------------------

int sim_read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  IoStatus status = file_of(file).read(static_cast<char*>(to), static_cast<size_t>(size),
                                       static_cast<uint64_t>(at));
  return code_of(status, SQLITE_IOERR_READ);
}
int sim_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  std::string_view data(static_cast<const char*>(from), static_cast<size_t>(size));
  return code_of(file_of(file).write(data, static_cast<uint64_t>(at)), SQLITE_IOERR_WRITE);
}
int sim_truncate(sqlite3_file* file, sqlite3_int64 size) {
  return code_of(file_of(file).truncate(static_cast<uint64_t>(size)), SQLITE_IOERR_TRUNCATE);
}
int sim_sync(sqlite3_file* file, int) {
  return code_of(file_of(file).sync(), SQLITE_IOERR_FSYNC);
}
int sim_size(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(file_of(file).size());
  return SQLITE_OK;
}

// -- Locks ----------------------------------------------------------------------------------------

int sim_lock(sqlite3_file* file, int level) {
  Handle& handle = *handle_of(file);
  Node& node = *handle.node;
  if (handle.level >= level) return SQLITE_OK;
  bool is_others = node.writer != nullptr && node.writer != &handle;
  if (handle.level == SQLITE_LOCK_NONE) {
    if (is_others && node.is_pending) return SQLITE_BUSY;
    ++node.shared;
    handle.level = SQLITE_LOCK_SHARED;
  }
  if (level == SQLITE_LOCK_SHARED) return SQLITE_OK;
  if (is_others) return SQLITE_BUSY;
  node.writer = &handle;
  handle.level = SQLITE_LOCK_RESERVED;
  if (level == SQLITE_LOCK_RESERVED) return SQLITE_OK;
  node.is_pending = true;
  if (node.shared > 1) return SQLITE_BUSY;
  handle.level = SQLITE_LOCK_EXCLUSIVE;
  return SQLITE_OK;
}

int sim_unlock(sqlite3_file* file, int level) {
  Handle& handle = *handle_of(file);
  Node& node = *handle.node;
  if (handle.level <= level) return SQLITE_OK;
  if (node.writer == &handle) {
    node.writer = nullptr;
    node.is_pending = false;
  }
  if (level == SQLITE_LOCK_NONE) --node.shared;
  handle.level = level;
  return SQLITE_OK;
}

int sim_check_lock(sqlite3_file* file, int* is_reserved) {
  *is_reserved = handle_of(file)->node->writer != nullptr ? 1 : 0;
  return SQLITE_OK;
}

// -- Shared memory --------------------------------------------------------------------------------

int sim_shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** at) {
  Handle& handle = *handle_of(file);
  Node& node = *handle.node;
  CHECK_INVARIANT(size == 32768, "SQLite maps regions of 32 KiB");
  if (!handle.is_mapped) {
    handle.is_mapped = true;
    ++node.maps;
  }
  auto wanted = static_cast<size_t>(region);
  *at = nullptr;
  if (node.regions.size() <= wanted && extend == 0) return SQLITE_OK;
  while (node.regions.size() <= wanted) {
    node.regions.push_back(std::make_unique<std::array<char, 32768>>());
    node.regions.back()->fill(0);
  }
  *at = node.regions[wanted]->data();
  return SQLITE_OK;
}

void release_shm(Handle& handle, unsigned slots) {
  Node& node = *handle.node;
  for (unsigned slot = 0; slot < SQLITE_SHM_NLOCK; ++slot) {
    unsigned bit = 1u << slot;
    if ((slots & bit) == 0) continue;
    if ((handle.shm_exclusive & bit) != 0) node.shm_exclusive[slot] = false;
    if ((handle.shm_shared & bit) != 0) --node.shm_shared[slot];
    handle.shm_exclusive &= ~bit;
    handle.shm_shared &= ~bit;
  }
}

int sim_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  Handle& handle = *handle_of(file);
  Node& node = *handle.node;
  unsigned slots = ((1u << count) - 1u) << offset;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    release_shm(handle, slots);
    return SQLITE_OK;
  }
  bool is_exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (unsigned slot = 0; slot < SQLITE_SHM_NLOCK; ++slot) {
    unsigned bit = 1u << slot;
    if ((slots & bit) == 0) continue;
    bool is_own = (handle.shm_exclusive & bit) != 0;
    int others = node.shm_shared[slot] - ((handle.shm_shared & bit) != 0 ? 1 : 0);
    if (node.shm_exclusive[slot] && !is_own) return SQLITE_BUSY;
    if (is_exclusive && others > 0) return SQLITE_BUSY;
  }
  for (unsigned slot = 0; slot < SQLITE_SHM_NLOCK; ++slot) {
    unsigned bit = 1u << slot;
    if ((slots & bit) == 0) continue;
    if (is_exclusive) {
      handle.shm_exclusive |= bit;
      node.shm_exclusive[slot] = true;
    } else if ((handle.shm_shared & bit) == 0) {
      handle.shm_shared |= bit;
      ++node.shm_shared[slot];
    }
  }
  return SQLITE_OK;
}

void sim_shm_barrier(sqlite3_file*) {}

int sim_shm_unmap(sqlite3_file* file, int) {
  Handle& handle = *handle_of(file);
  if (!handle.is_mapped) return SQLITE_OK;
  release_shm(handle, ~0u);
  handle.is_mapped = false;
  // Shared memory is gone with the last process that maps it.
  if (--handle.node->maps == 0) handle.node->regions.clear();
  return SQLITE_OK;
}

// -- The rest of a file ---------------------------------------------------------------------------

int sim_control(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}
int sim_sector_size(sqlite3_file*) {
  return 4096;
}
// What SQLite takes for granted on Unix: bytes beside those that are written stay.
int sim_characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int sim_close(sqlite3_file* file) {
  Handle& handle = *handle_of(file);
  sim_shm_unmap(file, 0);
  sim_unlock(file, SQLITE_LOCK_NONE);
  delete handle.file;
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    2,
    sim_close,
    sim_read,
    sim_write,
    sim_truncate,
    sim_sync,
    sim_size,
    sim_lock,
    sim_unlock,
    sim_check_lock,
    sim_control,
    sim_sector_size,
    sim_characteristics,
    sim_shm_map,
    sim_shm_lock,
    sim_shm_barrier,
    sim_shm_unmap,
    nullptr,
    nullptr,
};

// -- The file system ------------------------------------------------------------------------------

SimVfs::State& state_of(sqlite3_vfs* vfs) {
  return *static_cast<SimVfs::State*>(vfs->pAppData);
}

int sim_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  SimVfs::State& state = state_of(vfs);
  file->pMethods = nullptr;
  const std::string path = name == nullptr ? "temporary-" : name;
  auto opened = state.disk->open(path, (flags & SQLITE_OPEN_CREATE) != 0);
  if (opened == nullptr) return SQLITE_CANTOPEN;
  auto& node = state.nodes[path];
  if (node == nullptr) node = std::make_unique<Node>();
  auto* handle = new (file) Handle{};
  handle->file = new std::shared_ptr<SimFile>(std::move(opened));
  handle->node = node.get();
  handle->base.pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int sim_delete(sqlite3_vfs* vfs, const char* name, int is_synced) {
  IoStatus status = state_of(vfs).disk->remove(name, is_synced != 0);
  return code_of(status, SQLITE_IOERR_DELETE);
}
int sim_access(sqlite3_vfs* vfs, const char* name, int, int* result) {
  *result = state_of(vfs).disk->exists(name) ? 1 : 0;
  return SQLITE_OK;
}
int sim_full_name(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}
int sim_randomness(sqlite3_vfs* vfs, int size, char* out) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(state_of(vfs).disk->random().next());
  return size;
}
int sim_sleep(sqlite3_vfs*, int micros) {
  return micros;
}
int sim_time(sqlite3_vfs*, sqlite3_int64* now) {
  *now = kNow;
  return SQLITE_OK;
}
int sim_old_time(sqlite3_vfs*, double* now) {
  *now = static_cast<double>(kNow) / 86'400'000.0;
  return SQLITE_OK;
}
int sim_last_error(sqlite3_vfs*, int, char*) {
  return 0;
}

}  // namespace

SimVfs::SimVfs(SimDisk& disk) : state_(std::make_unique<State>()) {
  static std::atomic<uint64_t> last{0};
  name_ = fmt::format("simulated-{}", ++last);
  state_->disk = &disk;
  vfs_ = std::make_unique<sqlite3_vfs>();
  vfs_->iVersion = 2;
  vfs_->szOsFile = sizeof(Handle);
  vfs_->mxPathname = kNamesMax;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = state_.get();
  vfs_->xOpen = sim_open;
  vfs_->xDelete = sim_delete;
  vfs_->xAccess = sim_access;
  vfs_->xFullPathname = sim_full_name;
  vfs_->xRandomness = sim_randomness;
  vfs_->xSleep = sim_sleep;
  vfs_->xCurrentTime = sim_old_time;
  vfs_->xGetLastError = sim_last_error;
  vfs_->xCurrentTimeInt64 = sim_time;
  CHECK_INVARIANT(sqlite3_vfs_register(vfs_.get(), 0) == SQLITE_OK, "a VFS registers");
}

SimVfs::~SimVfs() {
  sqlite3_vfs_unregister(vfs_.get());
}

}  // namespace stepwell::faults
