// Pattern: stream updates of many runs on several channels.
//
// Everyone hears what happens on "global"; who looks at one post hears of it on "post:{id}". What
// does not fit a topic's schema is not published: the step fails. A post that is gone ends the run
// at its first attempt.
//
//   curl -N localhost:3000/posts/123 &
//   curl -X POST localhost:3000/posts/123/like
//   curl -X POST localhost:3000/posts/666/like
import { Hono } from "hono";
import { eventType, NonRetriableError } from "inngest";
import { realtime } from "inngest/realtime";
import { z } from "zod";

import { inngest, streamOf } from "./client.ts";

const postLiked = eventType("app/post.like", { schema: z.object({ postId: z.string() }) });

const globalChannel = realtime.channel({
  name: "global",
  topics: { logs: { schema: z.string() } },
});

const postChannel = realtime.channel({
  name: (postId: string) => `post:${postId}`,
  topics: {
    updated: { schema: z.object({ id: z.string(), likes: z.number() }) },
    deleted: { schema: z.object({ id: z.string(), reason: z.string() }) },
  },
});

// Stands for a database, in which one post is gone.
const likes = new Map<string, number>();
function likeInDatabase(id: string) {
  if (id === "666") return null;
  likes.set(id, (likes.get(id) ?? 0) + 1);
  return { id, likes: likes.get(id)! };
}

export const likePost = inngest.createFunction(
  { id: "like-post", retries: 0, triggers: postLiked },
  async ({ event, step }) => {
    const { postId } = event.data;
    const post = postChannel(postId);
    await step.realtime.publish("log-start", globalChannel.logs, `liking post ${postId}`);

    const updated = await step.run("update-likes", () => likeInDatabase(postId));
    if (!updated) {
      await step.realtime.publish("tell-deleted", post.deleted,
        { id: postId, reason: "the post is gone" });
      throw new NonRetriableError(`post ${postId} is gone`);
    }

    await Promise.all([
      step.realtime.publish("tell-updated", post.updated, updated),
      step.realtime.publish("log-end", globalChannel.logs, `liked post ${postId}`),
    ]);
    return updated.likes;
  });

export const posts = new Hono()
  .get("/", (context) => streamOf(context, globalChannel, ["logs"]))
  .get("/:id", (context) =>
    streamOf(context, postChannel(context.req.param("id")), ["updated", "deleted"]))
  .post("/:id/like", async (context) => {
    await inngest.send(postLiked.create({ postId: context.req.param("id") }));
    return context.body(null, 202);
  });
