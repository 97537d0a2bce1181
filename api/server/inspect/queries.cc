#include "api/server/inspect/queries.h"

#include <array>

namespace stepwell::server {

std::span<const Query> queries() {
  static constexpr std::array<Query, 7> kQueries{{
      {"/api/runs", CoreView::kNothing, list_runs},
      {"/api/runs/{id}", CoreView::kWakeSource, show_run},
      {"/api/events", CoreView::kNothing, list_events},
      {"/api/events/{id}", CoreView::kNothing, show_event},
      {"/api/functions", CoreView::kPaused, list_functions},
      {"/api/functions/{id}", CoreView::kFunction, show_function},
      {"/api/doctor", CoreView::kHealth, run_doctor},
  }};
  return kQueries;
}

}  // namespace stepwell::server
