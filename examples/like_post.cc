// Pattern: stream updates from many runs, on two kinds of channels.
//
// Everyone hears what happens on "global"; who looks at one post hears of it on "post:{id}". A
// message published by a step leaves once, after the step is recorded. A post that is gone ends the
// run: there is nothing to try again.
//
//   curl -N 'localhost:8288/v1/realtime/sse?channel=post:123' &
//   curl localhost:8288/e/dev -d '{"name":"app/post.like","data":{"post_id":"123"}}'
//   curl localhost:8288/e/dev -d '{"name":"app/post.like","data":{"post_id":"666"}}'
#include <optional>
#include <string>

#include "examples/examples.h"

namespace examples {
namespace {

using namespace stepwell;

struct PostLike {
  std::string post_id;
};
STEPWELL_FIELDS(PostLike, post_id);

struct LogLine {
  std::string message;
};
STEPWELL_FIELDS(LogLine, message);

struct PostUpdated {
  std::string id;
  int likes = 0;
};
STEPWELL_FIELDS(PostUpdated, id, likes);

struct PostDeleted {
  std::string id;
  std::string reason;
};
STEPWELL_FIELDS(PostDeleted, id, reason);

constexpr EventType<PostLike> post_like{"app/post.like"};

struct GlobalChannel {
  Topic<LogLine> logs{"global", "logs"};
};

struct PostChannel {
  explicit PostChannel(const std::string& post_id) : name("post:" + post_id) {}
  std::string name;
  Topic<PostUpdated> updated{name, "updated"};
  Topic<PostDeleted> deleted{name, "deleted"};
};

// Stands for a database: every post has as many likes as its number has digits, and one more now.
std::optional<PostUpdated> like_in_database(const std::string& post_id) {
  if (post_id == "666") return std::nullopt;
  return PostUpdated{.id = post_id, .likes = static_cast<int>(post_id.size()) + 1};
}

Task<int> like_post(Context<PostLike> ctx) {
  auto& step = ctx.step;
  const std::string& id = ctx.event.data.post_id;
  GlobalChannel global;
  PostChannel post(id);

  LogLine liking{.message = "liking post " + id};
  co_await step.publish("log-start", global.logs, liking);

  auto updated = co_await step.run("update-likes", like_in_database, id);
  if (!updated) {
    PostDeleted deleted{.id = id, .reason = "the post is gone"};
    co_await step.publish("tell-deleted", post.deleted, deleted);
    throw NonRetriableError("post " + id + " is gone");
  }

  LogLine liked{.message = "liked post " + id};
  co_await when_all(step.publish("tell-updated", post.updated, *updated),
                    step.publish("log-end", global.logs, liked));
  co_return updated->likes;
}

}  // namespace

void add_like_post(Engine& engine) {
  engine.function({.id = "like-post", .name = "Like a post", .retries = 0}, post_like, like_post);
}

}  // namespace examples
