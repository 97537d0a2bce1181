// Who listens to realtime messages: subscribers of a real hub, some slow, all going away and coming
// back, through one process after another. They judge what they hear (S-12): in order, of their
// topics only, not before its commit, and without a gap or a repeat that was not announced.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/realtime/hub.h"
#include "schema/random.h"
#include "tests/simulation/ledger.h"

namespace stepwell::sim {

class Audience {
 public:
  Audience(Ledger& ledger, Random random, const core::Settings& settings);
  ~Audience();

  // A process begins; then what its journal holds, page after page.
  void process_begins(int life, Time now);
  void found(const storage::MessagePage& page);
  // The process is gone, and its hub.
  void process_ends();

  // An effect of the core, when it happens. Afterwards some of the subscribers do something.
  void published(const core::PublishedMessage& message, Time now);

  // The world has stopped: everybody hears the rest.
  void ended(Time now);

 private:
  // What was published, in order, whether it is recorded or not.
  struct Said {
    std::string channel;
    std::string topic;
    realtime::MessageId id;
    Position pos = 0;
  };
  struct Listener {
    std::vector<realtime::TopicName> topics;
    bool is_slow = false;
    std::unique_ptr<realtime::Subscription> subscription;
    std::optional<realtime::MessageId> last;  // heard; comes back behind it
    std::optional<Position> last_recorded;    // of those that were recorded
    std::set<std::string> gaps;  // channels: a gap was announced, and nothing of them heard since
  };

  bool is_durable(const std::string& channel) const;
  void check_commit(const core::PublishedMessage& message);
  void act(Listener& listener, Time now);
  void connect(Listener& listener, Time now);
  void hear(Listener& listener, size_t most);
  void check_message(Listener& listener, const realtime::Message& message);
  void check_missed(Listener& listener, const realtime::Message& message);
  void check_recorded_missed(Listener& listener, Position until);
  static bool is_meant(const Listener& listener, const std::string& channel,
                       const std::string& topic);
  // It is to hear this, and no gap says that it may not.
  static bool is_owed(const Listener& listener, const std::string& channel,
                      const std::string& topic);

  Ledger& ledger_;
  Random random_;
  realtime::HubSettings settings_;
  bool is_roomy_ = false;  // nothing recorded is dropped: no gap has an excuse
  std::optional<realtime::Hub> hub_;
  std::vector<Said> said_;  // in this life
  std::vector<Listener> listeners_;
};

}  // namespace stepwell::sim
