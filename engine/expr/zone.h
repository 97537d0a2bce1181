// Time zones. This is the one part of the expression language that reads files: the system's time
// zone database, once per zone, when an expression names a zone such as "Europe/Berlin". Everything
// else computes from its arguments alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stepwell::expr {

// Seconds east of UTC that clocks in `zone` show at `unix_seconds`. Zones are "UTC", names of the
// database, and fixed offsets: "+01:00", "-08:00", "05:30". Nothing for an unknown zone. From any
// thread.
std::optional<int32_t> zone_offset(std::string_view zone, int64_t unix_seconds);

}  // namespace stepwell::expr
