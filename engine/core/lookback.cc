#include "engine/core/lookback.h"

namespace stepwell::core {
namespace {

size_t cost(const EventRecord& record) {
  return sizeof(EventRecord) + text_bytes(record.event);
}

}  // namespace

void Lookback::add(std::shared_ptr<const EventRecord> event) {
  expire(event->received_at);
  bytes_ += cost(*event);
  by_name_[event->event.name].push_back(event);
  all_.push_back(std::move(event));
  while (all_.size() > kEventsMax || (bytes_ > kBytesMax && !all_.empty())) {
    pop_oldest();
    ++overflows_;
  }
}

void Lookback::take(const EventKey& event, RunNo run, Time now) {
  expire(now);
  if (taken_.size() == kEventsMax) pop_oldest_taken();
  taken_.push_back({event, run, now});
  taken_by_event_[event].insert(run);
}

bool Lookback::was_taken(const EventKey& event, RunNo run) const {
  auto found = taken_by_event_.find(event);
  return found != taken_by_event_.end() && found->second.contains(run);
}

void Lookback::expire(Time now) {
  while (!all_.empty() && all_.front()->received_at < now - kAgeMax) pop_oldest();
  while (!taken_.empty() && taken_.front().at < now - kAgeMax) pop_oldest_taken();
}

void Lookback::pop_oldest_taken() {
  const Taken& oldest = taken_.front();
  auto runs = taken_by_event_.find(oldest.event);
  runs->second.erase(runs->second.find(oldest.run));
  if (runs->second.empty()) taken_by_event_.erase(runs);
  taken_.pop_front();
}

void Lookback::pop_oldest() {
  const EventRecord& oldest = *all_.front();
  bytes_ -= cost(oldest);
  auto found = by_name_.find(oldest.event.name);
  found->second.pop_front();  // both orders are those of the positions
  if (found->second.empty()) by_name_.erase(found);
  all_.pop_front();
}

}  // namespace stepwell::core
