#include "storage/sqlite/disk_reserve.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace stepwell::storage {

DiskReserve::DiskReserve(std::string path, uint64_t bytes)
    : path_(std::move(path)), bytes_(bytes), is_held_(bytes == 0) {}

bool DiskReserve::take() {
  if (is_held_) return true;
  if (was_given_up_ && !has_room_for_more()) return false;
  int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  // Not posix_fallocate: where a file system cannot do it, that writes the bytes one by one, and
  // what it wrote before it found the disk full would stay.
  is_held_ = fallocate(fd, 0, 0, static_cast<off_t>(bytes_)) == 0;
  if (!is_held_ && errno == EOPNOTSUPP) {
    bytes_ = 0;  // there is no reserve here
    is_held_ = true;
  }
  // A part of the reserve helps nobody: it would only take the room away.
  if (!is_held_ && ftruncate(fd, 0) != 0) unlink(path_.c_str());
  close(fd);
  return is_held_;
}

// What was just given up is free, and must stay so: taken back at once it would help nobody.
bool DiskReserve::has_room_for_more() const {
  struct statvfs status {};
  if (statvfs(path_.c_str(), &status) != 0) return false;
  return static_cast<uint64_t>(status.f_bavail) * status.f_frsize >= 2 * bytes_;
}

void DiskReserve::give_up() {
  if (!is_held_ || bytes_ == 0) return;
  is_held_ = false;
  was_given_up_ = true;
  if (truncate(path_.c_str(), 0) != 0) unlink(path_.c_str());
}

}  // namespace stepwell::storage
