#include "storage/sqlite/file_guard.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace stepwell::storage {
namespace {

Error system_error(std::string_view what, const std::string& path) {
  return Error{ErrorCode::kIo, fmt::format("{} {}: {}", what, path, std::strerror(errno))};
}

std::string folder_of(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string read_holder(int fd) {
  std::array<char, 32> text{};
  ssize_t size = pread(fd, text.data(), text.size() - 1, 0);
  std::string holder(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  holder.erase(std::find(holder.begin(), holder.end(), '\n'), holder.end());
  if (holder == std::to_string(getpid())) return "this process";
  return holder.empty() ? "another process" : "process " + holder;
}

}  // namespace

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) close(fd_);  // gives the lock back
}

Result<FileLock> FileLock::acquire(const std::string& database_path) {
  const std::string path = database_path + ".lock";
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return system_error("cannot open the lock", path);
  FileLock lock(fd);
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return system_error("cannot lock", path);
    return Error{ErrorCode::kConflict,
                 fmt::format("{} is in use by {}, which holds {}; stop it first, or talk to it "
                             "instead of to its file",
                             database_path, read_holder(fd), path)};
  }
  // The id is for people: a failure to write it does not weaken the lock.
  const std::string holder = fmt::format("{}\n", getpid());
  const bool is_written = ftruncate(fd, 0) == 0 && pwrite(fd, holder.data(), holder.size(), 0) > 0;
  (void)is_written;  // on a full disk there is no room for it
  return lock;
}

bool is_network_filesystem(long statfs_type) {
  constexpr std::array<uint32_t, 14> kTypes = {
      0x6969,      // NFS
      0x517B,      // SMB
      0xFF534D42,  // CIFS
      0xFE534D42,  // SMB 2
      0x65735546,  // FUSE: anything may be behind it
      0x01021997,  // 9P
      0x00C36400,  // Ceph
      0x5346414F,  // AFS
      0x6B414653,  // kAFS
      0x73757245,  // Coda
      0x564C,      // NCP
      0x0BD00BD0,  // Lustre
      0x01161970,  // GFS2
      0x7461636F,  // OCFS2
  };
  return std::find(kTypes.begin(), kTypes.end(), static_cast<uint32_t>(statfs_type)) !=
         kTypes.end();
}

Result<void> check_place(const std::string& path, bool allow_network) {
  if (path.empty()) return Error{ErrorCode::kInvalid, "the database's path is empty"};
  const std::string folder = folder_of(path);
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("{}: its folder {} does not exist; create it first", path, folder)};
  }
  struct statfs filesystem {};
  if (statfs(folder.c_str(), &filesystem) != 0) return system_error("cannot inspect", folder);
  if (!allow_network && is_network_filesystem(static_cast<long>(filesystem.f_type))) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("{} is on a network or user-space file system (type {:#x}), where the "
                             "locks of a journal cannot be trusted; use a local disk",
                             path, static_cast<uint32_t>(filesystem.f_type))};
  }
  if (stat(path.c_str(), &status) != 0) return {};
  if (!S_ISREG(status.st_mode)) {
    return Error{ErrorCode::kInvalid, fmt::format("{} is not a regular file", path)};
  }
  // The superuser may write to any file; a file without any write permission is meant to stay.
  if ((status.st_mode & 0222) == 0 || access(path.c_str(), W_OK) != 0) {
    return Error{ErrorCode::kIo,
                 fmt::format("{} is read-only; the engine must be able to write to it", path)};
  }
  return {};
}

Result<void> create_private_file(const std::string& path) {
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) return {};
  if (fd < 0) return system_error("cannot create", path);
  close(fd);
  return sync_folder_of(path);
}

Result<void> sync_folder_of(const std::string& path) {
  const std::string folder = folder_of(path);
  int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return system_error("cannot open", folder);
  int failed = fsync(fd);
  Error error = system_error("cannot sync", folder);
  close(fd);
  if (failed != 0) return error;
  return {};
}

}  // namespace stepwell::storage
