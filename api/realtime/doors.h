// The hub's doors: every event stream and WebSocket that is open, and what each of them is sent.
//
// Whatever happens to a message's subscribers happens in one turn of the loop: the hub tells who
// has something waiting, and when all of a batch is published each of them is written to once. What
// a client does not take waits in the hub's history, which is bounded: what is lost of it is
// announced by a gap.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/realtime/frames.h"
#include "api/realtime/token.h"
#include "api/server/response.h"
#include "api/server/uv_loop.h"
#include "api/server/websocket.h"
#include "engine/realtime/hub.h"

namespace stepwell::realtime {

struct DoorOptions {
  // How often a quiet client gets a comment or a ping. A WebSocket that answers none of three in a
  // row is closed.
  std::chrono::milliseconds keep_alive{15'000};
  // Of one WebSocket, which may ask for more than its token gave.
  size_t topics_max = 1'000;
};

// Whoever has the token misses nothing that was published since it was made, to the millisecond.
Since since_made(const TokenClaims& claims);

// What a client may hear, and from when on unless it says otherwise.
struct Grant {
  std::vector<TopicName> topics;
  StartFrom start = FromNow{};
  // With a token: whoever comes again with it goes on after the last message that counts as read,
  // until the token expires. Not if the client said itself where to start.
  std::string token_id;
  Time expires_at{};
  bool resumes = false;
  ChunkStyle chunks = ChunkStyle::kMessages;
};

// Loop thread only.
class Doors {
 public:
  using Verify = std::function<Result<TokenClaims>(std::string_view token)>;

  // `loop` and `hub` outlive it. `verify` reads the tokens of those who ask for further topics.
  Doors(server::UvLoop& loop, Hub& hub, Verify verify, DoorOptions options);
  ~Doors();
  Doors(const Doors&) = delete;
  Doors& operator=(const Doors&) = delete;

  // Answers with an event stream, until the client goes.
  void open_events(const server::Responder& responder, const Grant& grant);
  // Answers with a WebSocket, or refuses a request that is no handshake.
  void open_websocket(const server::Request& request, const server::Responder& responder,
                      const Grant& grant);

  size_t size() const { return clients_.size(); }

 private:
  struct Client;
  // How far a token has been read, on one connection after the other. It is in doubt once two were
  // open at the same time, which may be two readers, or one went silent: then nobody goes on from
  // here.
  struct Place {
    MessageId last;  // that counts as read; 0-0: none
    Time expires_at{};
    uint64_t reader = 0;  // the client that is connected with it; 0: none
    bool is_in_doubt = false;
  };

  Client& add(const Grant& grant, Framing framing);
  std::shared_ptr<Place> place_of(const Grant& grant);
  StartFrom take_place(Client& client, const Grant& grant);
  void leave(uint64_t number);
  static void move_place(Client& client);
  void mark(uint64_t number);
  void pump_marked();
  void pump(Client& client);
  void on_text(Client& client, std::string_view text);
  void say_goodbye(Client& client);
  void keep_alive();

  server::UvLoop& loop_;
  Hub& hub_;
  const Verify verify_;
  const DoorOptions options_;
  std::unordered_map<uint64_t, std::unique_ptr<Client>> clients_;  // by number
  uint64_t last_number_ = 0;
  std::vector<uint64_t> marked_;                                    // have something waiting
  std::unordered_map<std::string, std::shared_ptr<Place>> places_;  // by the token's id
  FrameMaker frames_;
  std::string scratch_;
  server::Timer keep_alive_timer_;
  uint64_t keep_alive_turn_ = 0;
  // What is posted waits for the loop, which may outlive this.
  std::shared_ptr<Doors*> self_;
};

}  // namespace stepwell::realtime
