// A disk that is really full: a small file system of the test's own, which needs root. Where there
// can be none the test counts as skipped; root in continuous integration (CI is set) must have one.
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "storage/sqlite/disk_reserve.h"
#include "tests/storage/backends.h"

using namespace stepwell;
using namespace stepwell::storage;

namespace {

using enum CommitOutcome;

class SmallDisk {
 public:
  SmallDisk() : is_mounted_(mount("tmpfs", path().c_str(), "tmpfs", 0, "size=24m") == 0) {}
  ~SmallDisk() {
    if (is_mounted_) umount2(path().c_str(), MNT_DETACH);
  }
  bool is_mounted() const { return is_mounted_; }
  std::string path() const { return folder_.path(); }
  std::string file(const std::string& name) const { return folder_.file(name); }

  // To the last byte.
  void fill() const {
    const std::string zeros(64 * 1024, '\0');
    int fd = open(file("filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    for (size_t size = zeros.size(); size > 0; size /= 2) {
      while (write(fd, zeros.data(), size) > 0) {
      }
    }
    close(fd);
  }
  void make_room() const { std::filesystem::remove(file("filler")); }

 private:
  TemporaryFolder folder_;
  bool is_mounted_;
};

bool is_skipped() {
  const bool is_wanted = geteuid() == 0 && std::getenv("CI") != nullptr;
  if (is_wanted || SmallDisk().is_mounted()) return false;
  std::fprintf(stderr, "skipped, for it needs root and a file system of its own: a full disk\n");
  return true;
}

EventRecord large_event(Position pos) {
  EventRecord event = make_event(pos);
  event.event.data = "{\"x\":\"" + std::string(20'000, 'x') + "\"}";
  return event;
}

}  // namespace

TEST_CASE("a full disk has room for what ends something, and takes new work when there is more" *
          doctest::skip(is_skipped())) {
  SmallDisk disk;
  REQUIRE(disk.is_mounted());
  auto opened = open_sqlite_journal({.path = disk.file("runs.db"), .reserve_bytes = 4u << 20});
  REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().message));
  Journal& journal = **opened;
  Owner owner;
  owner.take(journal);
  auto commit = [&](std::vector<Record> records) {
    return owner.commit(journal, owner.batch(std::move(records)));
  };
  REQUIRE(commit({PutFunction{make_function("app-fn"), false, 1}, PutRun{make_run(1)}}).outcome ==
          kCommitted);
  disk.fill();
  Position pos = 2;
  CommitResult result;
  while ((result = commit({PutEvent{large_event(pos)}})).outcome == kCommitted) {
    ++pos;
    REQUIRE(pos < 2000);
  }
  CHECK(result.outcome == kNoSpace);
  CHECK_FALSE(result.is_locked);
  // Nobody is told that there is room, and yet a run can end.
  CHECK(commit({}).outcome == kNoSpace);
  result = commit({UpdateRun{ended(make_run(1), RunStatus::kCancelled, pos)}});
  CHECK(result.outcome == kCommitted);
  CHECK(result.uses_reserve);
  CHECK(commit({}).outcome == kNoSpace);
  disk.make_room();
  result = commit({PutEvent{large_event(pos + 1)}});
  CHECK(result.outcome == kCommitted);
  CHECK_FALSE(result.uses_reserve);
  CHECK(std::filesystem::file_size(disk.file("runs.db.reserve")) == 4u << 20);
  auto reader = journal.open_reader().value();
  CHECK((*reader->find_run(run_id(1)))->status == RunStatus::kCancelled);
  CHECK(reader->check(true)->empty());
}
