// The SQL of the journal's database, step by step from an empty file. Forward only: a released step
// is never edited, a change is a new step.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace stepwell {

// Marks the file as ours ("StWl").
inline constexpr int32_t kApplicationId = 0x5374576C;

struct Migration {
  int version = 0;       // PRAGMA user_version once it has been applied
  std::string_view sql;  // any number of statements; run in one transaction
};

// In rising order of versions, without holes, from 1.
std::span<const Migration> migrations();

// The version that this program reads and writes.
int schema_version();

}  // namespace stepwell
