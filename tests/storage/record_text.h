// Records as text, one line each, with every field: two records are equal if their texts are, and a
// failing test shows where they differ.
#pragma once

#include <string>
#include <vector>

#include "storage/journal.h"

namespace stepwell::storage {

std::string text_of(const EventRecord& event);
std::string text_of(const RunRecord& run);
std::string text_of(const StepRecord& step);
std::string text_of(const AttemptRecord& attempt);
std::string text_of(const StoredFunction& function);
std::string text_of(const FlowState& state);
std::string text_of(const OpenRun& open);
std::string text_of(const RunSnapshot& snapshot);
std::string text_of(const EventHistory& history);
std::string text_of(const MessageRecord& message);
std::string text_of(const MessagePage& page);
std::string text_of(const TopicRecord& topic);
std::string text_of(const JournalStats& stats);  // without the sizes, which differ by storage

template <typename T>
std::string text_of(const std::vector<T>& items) {
  std::string text;
  for (const T& item : items) text += text_of(item) + "\n";
  return text;
}

template <typename T>
std::string text_of(const std::optional<T>& item) {
  return item ? text_of(*item) : "(nothing)";
}

// The value, or the code and not the message of the error: those differ by storage.
template <typename T>
std::string text_of(const Result<T>& result) {
  return result ? text_of(*result)
                : "error " + std::to_string(static_cast<int>(result.error().code));
}

}  // namespace stepwell::storage
