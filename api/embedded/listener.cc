#include "api/embedded/listener.h"

#include <exception>
#include <utility>
#include <variant>

namespace stepwell::detail {

Listener::Listener(OnMessage on_message, OnGap on_gap, Warn warn)
    : on_message_(std::move(on_message)), on_gap_(std::move(on_gap)), warn_(std::move(warn)) {}

bool Listener::tell(const realtime::Delivery& delivery) {
  std::lock_guard lock(mutex_);
  if (has_ended_) return false;
  is_calling_ = true;
  call(delivery);
  is_calling_ = false;
  if (has_ended_) {
    on_message_ = nullptr;
    on_gap_ = nullptr;
  }
  return !has_ended_;
}

void Listener::call(const realtime::Delivery& delivery) {
  const auto* message = std::get_if<std::shared_ptr<const realtime::Message>>(&delivery);
  const auto whom = [message] {
    if (message == nullptr) return std::string("on_gap of a subscription");
    return "a subscriber to \"" + (*message)->channel + "\", topic \"" + (*message)->topic + "\"";
  };
  try {
    if (message == nullptr) {
      if (on_gap_) on_gap_(std::get<realtime::Gap>(delivery).missed);
      return;
    }
    const realtime::Message& published = **message;
    on_message_({published.id.to_string(), published.channel, published.topic, published.data,
                 published.run ? published.run->to_string() : std::string()});
  } catch (const std::exception& thrown) {
    warn_(whom() + ": " + thrown.what());
  } catch (...) {
    warn_(whom() + " has thrown what is no std::exception");
  }
}

void Listener::end() {
  std::lock_guard lock(mutex_);
  has_ended_ = true;
  if (is_calling_) return;  // a function that runs is not destroyed; tell() does so
  on_message_ = nullptr;
  on_gap_ = nullptr;
}

}  // namespace stepwell::detail
