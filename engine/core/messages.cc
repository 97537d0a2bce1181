// Realtime messages: those of runs and those from outside. A message of a channel with a durable
// history is recorded in the batch with which it leaves.
#include <algorithm>

#include "engine/core/state.h"

namespace stepwell::core {

void State::publish(const Run& run, std::vector<Publication> publications) {
  if (publications.empty()) return;
  publish(run.id, std::move(publications));
}

void State::publish(std::optional<RunId> run, std::vector<Publication> publications) {
  Publish effect_value;
  for (Publication& publication : publications) {
    const Position pos = record_message(run, publication);
    effect_value.messages.push_back({std::move(publication), run, pos});
  }
  effect(std::move(effect_value));
}

// Its position; 0: it is not recorded.
Position State::record_message(std::optional<RunId> run, const Publication& publication) {
  const bool is_durable = std::any_of(
      settings_.durable_channels.begin(), settings_.durable_channels.end(),
      [&](const std::string& pattern) { return matches_channel(pattern, publication.channel); });
  if (!is_durable) return 0;
  MessageRecord message{next_pos(), publication, run, now_};
  recorded_messages_.add(message);
  const Position pos = message.pos;
  write(storage::PutMessage{std::move(message)});
  const std::optional<Position> over = recorded_messages_.drop(settings_.durable_history, now_);
  if (over) write(storage::DropMessages{*over});
  return pos;
}

void State::publish_messages(PublishMessages input) {
  for (const Publication& publication : input.messages) {
    std::optional<std::string> fault = topics_.misfit(publication);
    if (fault) return refuse(input.request, ErrorCode::kInvalid, std::move(*fault));
  }
  publish(input.run, std::move(input.messages));
  answer(Answer{.request = input.request});
}

// What of these does not fit, as the end of the code that published it: trying again would publish
// the same. Nothing if all fit.
std::optional<ErrorInfo> State::misfit_of(const std::vector<Publication>& publications) const {
  for (const Publication& publication : publications) {
    std::optional<std::string> fault = topics_.misfit(publication);
    if (fault) return ErrorInfo{.name = "SchemaError", .message = std::move(*fault)};
  }
  return std::nullopt;
}

void State::register_topics(RegisterTopics input) {
  const Topics::Origin origin =
      input.of_process ? Topics::Origin::kProcess : Topics::Origin::kJournal;
  Topics next = topics_;
  for (const TopicRecord& topic : input.topics) {
    if (const Result<void> put = next.put(topic, origin); !put) {
      return refuse(input.request, put.error().code, put.error().message);
    }
  }
  bool is_modified = false;
  for (TopicRecord& topic : input.topics) {
    if (!topics_.is_change(topic, origin)) continue;
    is_modified = true;
    if (!input.of_process) write(storage::PutTopic{std::move(topic), next_pos()});
  }
  topics_ = std::move(next);
  answer(Answer{.request = input.request, .is_modified = is_modified});
}

}  // namespace stepwell::core
