#include "engine/runtime/hub_feed.h"

#include <utility>

#include "engine/runtime/clock.h"

namespace stepwell::runtime {

realtime::HubSettings with_durable_channels(realtime::HubSettings hub,
                                            const core::Settings& settings) {
  hub.durable_channels = settings.durable_channels;
  hub.durable = settings.durable_history;
  return hub;
}

void feed_hub(Runtime& runtime, realtime::Hub& hub) {
  const auto publish = [&hub](core::PublishedMessage published) {
    const std::optional<RunId> run = published.run;
    const Position pos = published.pos;
    hub.publish({std::move(published), {}, run}, wall_clock(), pos);
  };
  runtime.on_publish(publish);
  runtime.on_lifecycle(publish);
  runtime.on_messages_found([&hub](const storage::MessagePage& page) {
    hub.restore_dropped(page.dropped_through);
    hub.restore(page.messages);
  });
}

}  // namespace stepwell::runtime
