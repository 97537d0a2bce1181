// What subscribers say over a WebSocket.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/realtime/hub.h"

namespace stepwell::realtime {

// {"kind":"sub","data":"<token>"} or {"kind":"unsub","data":[{"channel","name"},…]}.
struct SubscriberText {
  std::string token;              // whose topics are to be added; empty: none
  std::vector<TopicName> leaves;  // to be taken away
};

// Anything else asks for nothing, as the protocol has it: there is no answer that could say so.
SubscriberText read_subscriber_text(std::string_view text);

}  // namespace stepwell::realtime
