// That a power cut takes no file of a journal away: a new file's name is safe only when its folder
// has been synced. The simulated disk takes this for granted (tests/faults/sim_disk.cc).
//
// The program's own fsync() and fdatasync() stand in for those of the C library, also for SQLite.
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>

#include "storage/sqlite/file_guard.h"
#include "tests/storage/backends.h"

using namespace stepwell;
using namespace stepwell::storage;

namespace {

// Which names in one folder survive a power cut: those that were there at its last sync.
class WatchedFolder {
 public:
  WatchedFolder() { watched = this; }
  ~WatchedFolder() { watched = nullptr; }
  WatchedFolder(const WatchedFolder&) = delete;
  WatchedFolder& operator=(const WatchedFolder&) = delete;

  std::string file(const std::string& name) const { return folder_.file(name); }
  bool is_safe(const std::string& name) const { return safe_.contains(name); }
  // Only what is synced from here on counts.
  void forget() { safe_.clear(); }

  static void synced(int fd) {
    if (watched == nullptr) return;
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    if (!std::filesystem::equivalent(path, watched->folder_.path())) return;
    watched->safe_.clear();
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      watched->safe_.insert(entry.path().filename());
    }
  }

 private:
  static WatchedFolder* watched;
  TemporaryFolder folder_;
  std::set<std::string> safe_;
};

WatchedFolder* WatchedFolder::watched = nullptr;

}  // namespace

extern "C" int fsync(int fd) {
  WatchedFolder::synced(fd);
  return static_cast<int>(syscall(SYS_fsync, fd));
}

extern "C" int fdatasync(int fd) {
  WatchedFolder::synced(fd);
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}

TEST_CASE("the name of a new file is safe when the file is made") {
  WatchedFolder folder;
  REQUIRE(create_private_file(folder.file("journal.db")).ok());
  CHECK(folder.is_safe("journal.db"));
}

TEST_CASE("the files of a journal that was opened are there for good") {
  WatchedFolder folder;
  const SqliteOptions options{.path = folder.file("journal.db")};
  REQUIRE(open_sqlite_journal(options).ok());
  CHECK(folder.is_safe("journal.db"));
  // SQLite removed the log when it was closed, and makes a new one.
  CHECK_FALSE(std::filesystem::exists(folder.file("journal.db-wal")));
  folder.forget();
  auto opened = open_sqlite_journal(options);
  REQUIRE(opened.ok());
  CHECK(std::filesystem::exists(folder.file("journal.db-wal")));
  CHECK(folder.is_safe("journal.db-wal"));
}
