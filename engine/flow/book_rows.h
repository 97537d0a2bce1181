// Debounces, batches and starts that count against a rate limit, as the journal keeps them: the
// text beside the function, the key, the position and the time of a row. JSON with short names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/flow/batch_book.h"
#include "engine/flow/debounce_book.h"
#include "engine/flow/rate_book.h"

namespace stepwell::flow {

// The row's position is the window's number, its time when the window is due.
std::string row_of(const DebounceWindow& window);
std::optional<DebounceWindow> debounce_of(Place place, Position no, Time due,
                                          std::string_view data);

// The row's position is the batch's number, its time when the batch is due.
std::string row_of(const EventBatch& batch);
std::optional<EventBatch> batch_of(Place place, Position no, Time due, std::string_view data);

// The row's position is the event's `row`.
struct BatchedEventRow {
  Position batch = 0;
  BatchedEvent event;
};
std::string row_of(const BatchedEventRow& row);
std::optional<BatchedEventRow> batched_event_of(Position row, std::string_view data);

// The row's position and time are the entry's.
std::string row_of(const RateEntry& entry);
std::optional<RateEntry> rate_of(Position pos, Time at, std::string_view data);

}  // namespace stepwell::flow
