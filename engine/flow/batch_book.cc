#include "engine/flow/batch_book.h"

#include <algorithm>

#include "schema/check.h"
#include "schema/mutant.h"

namespace stepwell::flow {
namespace {

bool is_full(const EventBatch& batch, const Batching& config) {
  const int64_t size = config.max_size + (mutant("batch-too-large") ? 1 : 0);
  return static_cast<int64_t>(batch.events.size()) >= size || batch.bytes >= kBatchBytesMax;
}

// A batch that is full and open: its function was registered with a smaller size since.
bool has_room(const EventBatch& batch, const Batching& config, const BatchedEvent& event) {
  return !is_full(batch, config) && batch.bytes + event.bytes <= kBatchBytesMax;
}

}  // namespace

BatchBook::Outcome BatchBook::add(const Place& place, const Batching& config,
                                  const BatchedEvent& event, const std::vector<Position>& copies,
                                  Time now, Position no) {
  if (is_copy(place.function, copies)) return {.is_copy = true};
  Outcome outcome;
  outcome.batch = open_batch_of(place, now);
  if (outcome.batch != nullptr && !has_room(*outcome.batch, config, event)) {
    outcome.without = outcome.batch;
    outcome.batch = nullptr;
  }
  outcome.is_new = outcome.batch == nullptr;
  if (outcome.is_new) outcome.batch = &open(place, config, now, no);
  put_in(*outcome.batch, event);
  outcome.is_full = is_full(*outcome.batch, config);
  return outcome;
}

void BatchBook::recover(EventBatch batch) {
  newest_[batch.place] = batch.no;
  const Position no = batch.no;
  const bool is_new = batches_.emplace(no, std::move(batch)).second;
  CHECK_INVARIANT(is_new, "each batch has a number of its own");
}

void BatchBook::recover_event(Position batch, const BatchedEvent& event) {
  EventBatch* found = find(batch);
  CHECK_INVARIANT(found != nullptr, "a batch is kept as long as its events");
  put_in(*found, event);
}

EventBatch* BatchBook::find(Position no) {
  const auto found = batches_.find(no);
  return found == batches_.end() ? nullptr : &found->second;
}

void BatchBook::close(EventBatch& batch) {
  batch.is_closed = true;
}

void BatchBook::remove(Position no) {
  const auto found = batches_.find(no);
  if (found == batches_.end()) return;
  const EventBatch& batch = found->second;
  if (!batch.with_user_id.empty()) {
    const auto members = members_.find(batch.place.function);
    for (Position event : batch.with_user_id) members->second.erase(event);
    if (members->second.empty()) members_.erase(members);
  }
  const auto newest = newest_.find(batch.place);
  if (newest != newest_.end() && newest->second == no) newest_.erase(newest);
  batches_.erase(found);
}

bool BatchBook::is_copy(const std::string& function, const std::vector<Position>& copies) const {
  if (copies.empty()) return false;
  const auto members = members_.find(function);
  if (members == members_.end()) return false;
  return std::any_of(copies.begin(), copies.end(),
                     [&](Position copy) { return members->second.contains(copy); });
}

const EventBatch* BatchBook::open_batch(const Place& place, Time now) const {
  const auto newest = newest_.find(place);
  if (newest == newest_.end()) return nullptr;
  const EventBatch& batch = batches_.at(newest->second);
  return batch.is_closed || batch.due <= now ? nullptr : &batch;
}

EventBatch* BatchBook::open_batch_of(const Place& place, Time now) {
  const EventBatch* batch = open_batch(place, now);
  return batch == nullptr ? nullptr : find(batch->no);
}

EventBatch& BatchBook::open(const Place& place, const Batching& config, Time now, Position no) {
  recover({.no = no, .place = place, .opened_at = now, .due = now + config.timeout});
  return batches_.at(no);
}

void BatchBook::put_in(EventBatch& batch, const BatchedEvent& event) {
  batch.events.push_back(event.pos);
  Position& last_joined = last_joined_[batch.place.function];
  if (last_joined == batch.no) {
    batch.rows.back().up_to = event.row;
  } else {
    batch.rows.push_back({event.row, event.row});
    last_joined = batch.no;
  }
  batch.bytes += event.bytes;
  if (event.invoker) batch.invokers.push_back(*event.invoker);
  if (!event.has_user_id) return;
  batch.with_user_id.push_back(event.pos);
  members_[batch.place.function].insert(event.pos);
}

}  // namespace stepwell::flow
