#include "tests/storage/shim_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <new>

namespace stepwell::storage {
namespace {

struct Controls {
  std::atomic<bool> fail_syncs{false};
  std::atomic<bool> fail_writes{false};
  std::atomic<bool> fail_reads{false};
  std::atomic<bool> is_full{false};
  std::atomic<bool> spares_main_file{false};
  std::atomic<int> syncs{0};
  std::atomic<int> writes{0};
};
Controls controls;

// The real file lies directly behind this one.
struct ShimFile {
  sqlite3_file base;
  bool is_main;
};

sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<ShimFile*>(file) + 1);
}

bool is_spared(sqlite3_file* file) {
  return controls.spares_main_file && reinterpret_cast<ShimFile*>(file)->is_main;
}

int shim_close(sqlite3_file* file) {
  return real(file)->pMethods->xClose(real(file));
}
int shim_read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  if (controls.fail_reads && !is_spared(file)) return SQLITE_IOERR_READ;
  return real(file)->pMethods->xRead(real(file), to, size, at);
}
int shim_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  ++controls.writes;
  if (controls.is_full && !is_spared(file)) return SQLITE_FULL;
  if (controls.fail_writes && !is_spared(file)) return SQLITE_IOERR_WRITE;
  return real(file)->pMethods->xWrite(real(file), from, size, at);
}
int shim_truncate(sqlite3_file* file, sqlite3_int64 size) {
  return real(file)->pMethods->xTruncate(real(file), size);
}
int shim_sync(sqlite3_file* file, int flags) {
  ++controls.syncs;
  if (controls.fail_syncs && !is_spared(file)) return SQLITE_IOERR_FSYNC;
  return real(file)->pMethods->xSync(real(file), flags);
}
int shim_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int shim_lock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xLock(real(file), level);
}
int shim_unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int shim_check_lock(sqlite3_file* file, int* result) {
  return real(file)->pMethods->xCheckReservedLock(real(file), result);
}
int shim_control(sqlite3_file* file, int operation, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
int shim_sector_size(sqlite3_file* file) {
  return real(file)->pMethods->xSectorSize(real(file));
}
int shim_characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int shim_shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** at) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, at);
}
int shim_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shim_shm_barrier(sqlite3_file* file) {
  real(file)->pMethods->xShmBarrier(real(file));
}
int shim_shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

const sqlite3_io_methods kMethods = {
    2,
    shim_close,
    shim_read,
    shim_write,
    shim_truncate,
    shim_sync,
    shim_size,
    shim_lock,
    shim_unlock,
    shim_check_lock,
    shim_control,
    shim_sector_size,
    shim_characteristics,
    shim_shm_map,
    shim_shm_lock,
    shim_shm_barrier,
    shim_shm_unmap,
    nullptr,
    nullptr,
};

sqlite3_vfs* system_vfs = nullptr;

int shim_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* shim = new (file) ShimFile{};
  shim->is_main = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  int code = system_vfs->xOpen(system_vfs, name, real(file), flags, out_flags);
  // SQLite calls xClose only if there are methods.
  shim->base.pMethods = real(file)->pMethods == nullptr ? nullptr : &kMethods;
  return code;
}

}  // namespace

const char* ShimVfs::name() {
  static sqlite3_vfs shim = [] {
    system_vfs = sqlite3_vfs_find(nullptr);
    sqlite3_vfs copy = *system_vfs;  // all but opening is the system's
    copy.szOsFile = static_cast<int>(sizeof(ShimFile)) + system_vfs->szOsFile;
    copy.zName = "stepwell-shim";
    copy.pNext = nullptr;
    copy.xOpen = shim_open;
    return copy;
  }();
  static const int registered = sqlite3_vfs_register(&shim, 0);
  return registered == SQLITE_OK ? shim.zName : "";
}

void ShimVfs::reset() {
  fail_syncs(false);
  fail_writes(false);
  fail_reads(false);
  fill_disk(false);
  stay_off_main_file(false);
  controls.syncs = 0;
  controls.writes = 0;
}
void ShimVfs::fail_syncs(bool on) {
  controls.fail_syncs = on;
}
void ShimVfs::fail_writes(bool on) {
  controls.fail_writes = on;
}
void ShimVfs::fail_reads(bool on) {
  controls.fail_reads = on;
}
void ShimVfs::fill_disk(bool on) {
  controls.is_full = on;
}
void ShimVfs::stay_off_main_file(bool on) {
  controls.spares_main_file = on;
}
int ShimVfs::syncs() {
  return controls.syncs;
}
int ShimVfs::writes() {
  return controls.writes;
}

}  // namespace stepwell::storage
