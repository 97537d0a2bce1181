#include "api/realtime/doors.h"

#include <optional>
#include <utility>

#include "api/realtime/subscriber_text.h"
#include "engine/runtime/clock.h"
#include "schema/json.h"

namespace stepwell::realtime {
namespace {

constexpr std::string_view kComment = ":\n\n";
constexpr int kUnansweredPingsMax = 3;
// The clients take turns, so that not all are written to at once. A turn is also how long a
// connection must stay open for what was written to it to count as read: some close at once, as
// pages in React's strict mode do, and nobody has read what was written to those.
constexpr uint64_t kKeepAliveTurns = 8;
// What one client is sent before the next one has its turn.
constexpr size_t kBurstBytes = 64 * 1024;

// What a client of a server that stops is told, as upstream's is.
std::string closing_json(Time now) {
  JsonWriter json;
  json.begin_object().key("kind").string("closing").key("data").string("");
  json.key("created_at").string(format_rfc3339(now)).key("topic").string("");
  return json.end_object().take();
}

}  // namespace

Since since_made(const TokenClaims& claims) {
  const std::optional<Ulid> id = Ulid::parse(claims.id);
  return {id ? id->time() : claims.issued_at, true};
}

struct Doors::Client {
  uint64_t number = 0;
  Encoding encoding;
  bool is_marked = false;
  std::unique_ptr<Subscription> subscription;
  std::shared_ptr<Place> place;
  MessageId written;  // the last one
  MessageId flushed;  // the last one that had left the server's memory when the last turn began
  // One of them.
  std::optional<server::ResponseStream> events;
  std::unique_ptr<server::WebSocket> socket;

  bool has_room() { return socket ? socket->has_room() : events->has_room(); }
  bool write(std::string_view frames) {
    return socket ? socket->write(frames) : events->write(frames);
  }
  size_t queued_bytes() const { return socket ? socket->queued_bytes() : events->queued_bytes(); }
};

Doors::Doors(server::UvLoop& loop, Hub& hub, Verify verify, DoorOptions options)
    : loop_(loop),
      hub_(hub),
      verify_(std::move(verify)),
      options_(options),
      keep_alive_timer_(loop, [this] { keep_alive(); }),
      self_(std::make_shared<Doors*>(this)) {
  keep_alive_timer_.arm_after(options_.keep_alive / kKeepAliveTurns);
}

Doors::~Doors() {
  *self_ = nullptr;
}

// -- Coming and going -----------------------------------------------------------------------------

std::shared_ptr<Doors::Place> Doors::place_of(const Grant& grant) {
  if (grant.token_id.empty()) return nullptr;
  std::shared_ptr<Place>& place = places_[grant.token_id];
  if (!place) place = std::make_shared<Place>(Place{.expires_at = grant.expires_at});
  return place;
}

// Where a client with a token starts. In doubt what was there before comes again: a repeat is
// better than a loss.
StartFrom Doors::take_place(Client& client, const Grant& grant) {
  Place& place = *client.place;
  if (place.reader != 0) place.is_in_doubt = true;
  place.reader = client.number;
  const bool has_read = place.last.number != 0 && !place.is_in_doubt;
  if (grant.resumes && has_read) return After{place.last};
  return grant.start;
}

// What was written a turn ago counts as read; called once a turn.
void Doors::move_place(Client& client) {
  if (!client.place) return;
  if (client.flushed.number != 0) client.place->last = client.flushed;
  if (client.queued_bytes() == 0) client.flushed = client.written;
}

// The subscription comes before the answer: nothing that is published from here on is missed.
Doors::Client& Doors::add(const Grant& grant, Framing framing) {
  const uint64_t number = ++last_number_;
  auto client = std::make_unique<Client>();
  client->number = number;
  client->encoding = {framing, grant.chunks};
  client->place = place_of(grant);
  const StartFrom start = client->place ? take_place(*client, grant) : grant.start;
  client->subscription =
      hub_.subscribe(grant.topics, start, runtime::wall_clock(), [this, number] { mark(number); });
  return *clients_.emplace(number, std::move(client)).first->second;
}

void Doors::open_events(const server::Responder& responder, const Grant& grant) {
  Client& client = add(grant, Framing::kEventStream);
  const uint64_t number = client.number;
  client.events =
      responder.stream({.content_type = "text/event-stream",
                        .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}});
  if (!client.events->is_open()) return leave(number);
  client.events->on_close([this, number] { leave(number); });
  client.events->on_drain([this, number] { mark(number); });
  // The head and the first comment go out at once, so that a client knows that it listens.
  client.write(kComment);
  pump(client);
}

void Doors::open_websocket(const server::Request& request, const server::Responder& responder,
                           const Grant& grant) {
  if (auto refusal = server::WebSocket::refuse(request)) {
    return responder.send(std::move(*refusal));
  }
  Client& client = add(grant, Framing::kWebSocket);
  const uint64_t number = client.number;
  client.socket = std::make_unique<server::WebSocket>(
      request, responder, server::WebSocket::Options{},
      server::WebSocket::Callbacks{
          .on_text = [this, &client](std::string_view text) { on_text(client, text); },
          .on_room = [this, number] { mark(number); },
          .on_close = [this, number] { leave(number); },
          .on_stop = [this, &client] { say_goodbye(client); }});
  if (!client.socket->is_open()) return leave(number);
  client.socket->ping();
  pump(client);
}

void Doors::say_goodbye(Client& client) {
  std::string frame;
  append_frame(frame, closing_json(runtime::wall_clock()), {}, client.encoding.framing);
  client.socket->close(server::CloseCode::kGoingAway, "closing", frame);
  leave(client.number);
}

// Its place is free at once. It itself goes later: its connection or the hub may be calling.
void Doors::leave(uint64_t number) {
  if (const auto found = clients_.find(number); found != clients_.end()) {
    const std::shared_ptr<Place> place = std::exchange(found->second->place, nullptr);
    if (place && place->reader == number) place->reader = 0;
  }
  loop_.post([self = self_, number] {
    if (*self != nullptr) (*self)->clients_.erase(number);
  });
}

void Doors::keep_alive() {
  keep_alive_timer_.arm_after(options_.keep_alive / kKeepAliveTurns);
  const uint64_t turn = ++keep_alive_turn_ % kKeepAliveTurns;
  for (auto& [number, client] : clients_) {
    move_place(*client);
    if (number % kKeepAliveTurns != turn) continue;
    if (client->events) {
      client->write(kComment);  // not taken: a client that reads nothing needs none
    } else if (client->socket->unanswered_pings() >= kUnansweredPingsMax) {
      if (client->place) client->place->is_in_doubt = true;
      client->socket->close(server::CloseCode::kPolicy, "no answer to pings");
      leave(number);
    } else {
      client->socket->ping();
    }
  }
  const Time now = runtime::wall_clock();
  std::erase_if(places_, [now](const auto& entry) { return entry.second->expires_at <= now; });
}

// -- Messages -------------------------------------------------------------------------------------

void Doors::mark(uint64_t number) {
  const auto found = clients_.find(number);
  if (found == clients_.end() || std::exchange(found->second->is_marked, true)) return;
  if (marked_.empty()) {
    loop_.post([self = self_] {
      if (*self != nullptr) (*self)->pump_marked();
    });
  }
  marked_.push_back(number);
}

void Doors::pump_marked() {
  for (const uint64_t number : std::exchange(marked_, {})) {
    const auto found = clients_.find(number);
    if (found == clients_.end()) continue;
    found->second->is_marked = false;
    pump(*found->second);
  }
}

// Moves what waits for the client into its socket, as far as there is room.
void Doors::pump(Client& client) {
  if (!client.subscription->has_waiting() || !client.has_room()) return;
  scratch_.clear();
  MessageId last;
  const Time now = runtime::wall_clock();
  while (scratch_.size() < kBurstBytes) {
    const std::optional<Delivery> delivery = client.subscription->take();
    if (!delivery) break;
    frames_.append(scratch_, *delivery, client.encoding, now);
    const auto* message = std::get_if<std::shared_ptr<const Message>>(&*delivery);
    if (message != nullptr) last = (*message)->id;
  }
  if (!scratch_.empty() && !client.write(scratch_)) return;
  if (last.number != 0) client.written = last;
  if (client.subscription->has_waiting() && client.has_room()) mark(client.number);
}

// A token that does not hold is ignored: the protocol has no answer to it.
void Doors::on_text(Client& client, std::string_view text) {
  const SubscriberText asked = read_subscriber_text(text);
  for (const TopicName& topic : asked.leaves) client.subscription->remove(topic);
  if (asked.token.empty()) return;
  const Result<TokenClaims> claims = verify_(asked.token);
  if (!claims) return;
  if (client.subscription->topics() + claims->topics.size() > options_.topics_max) {
    client.socket->close(server::CloseCode::kPolicy, "too many topics");
    return leave(client.number);
  }
  for (const TokenTopic& topic : claims->topics) {
    client.subscription->add({topic.channel, topic.name}, since_made(*claims),
                             runtime::wall_clock());
  }
  if (client.subscription->has_waiting()) mark(client.number);
}

}  // namespace stepwell::realtime
