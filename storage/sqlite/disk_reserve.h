// Room on the disk that is kept for what must still be written when the disk is full.
#pragma once

#include <cstdint>
#include <string>

namespace stepwell::storage {

// A file beside the database (its path with ".reserve" appended) that occupies some space. When a
// commit finds the disk full the space is given up, so that cancellations and ends of runs find
// room; until it can be taken back nothing else is accepted.
class DiskReserve {
 public:
  // Holds nothing yet. `bytes` zero: there is no reserve, and it counts as held.
  DiskReserve(std::string path, uint64_t bytes);

  // Takes the space if it is not held; whether it is held then. Once given up it is taken back only
  // when twice as much is free. The file stays at the end of the process.
  bool take();
  void give_up();
  bool is_held() const { return is_held_; }

 private:
  bool has_room_for_more() const;

  std::string path_;
  uint64_t bytes_;
  bool is_held_;
  bool was_given_up_ = false;
};

}  // namespace stepwell::storage
