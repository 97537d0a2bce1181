// The three patterns of the documentation's realtime page, in the words of version 3, and what else
// the cases publish. What a case needs beyond the page is marked.
import crypto from "node:crypto";
import { EventEmitter, once } from "node:events";

import { subscribe } from "@inngest/realtime";
import { realtimeMiddleware } from "@inngest/realtime/middleware";
import { Inngest } from "inngest";
import { serve } from "inngest/express";

import { serveRealtime } from "../../realtime/serve.mjs";
import { agenticWorkflowChannel, countChannel, globalChannel, helloChannel, postChannel }
  from "./channels.mjs";

const inngest = new Inngest({ id: "realtime", middleware: [realtimeMiddleware()] });

const said = new EventEmitter();

// One run streams to the one who started it.
const someTask = inngest.createFunction(
  { id: "hello-world" },
  { event: "hello-world/hello" },
  async ({ event, step, publish }) => {
    const { uuid } = event.data;
    await publish(helloChannel(uuid).logs("Hello, world!"));
    said.emit(uuid);
    if (event.data.twice) {  // beyond the page: the stream is read while the run goes on
      await step.waitForEvent("go-on", { event: "hello-world/go-on", timeout: "15m" });
      await publish(helloChannel(uuid).logs("Hello again!"));
    }
  });

async function hello({ uuid = crypto.randomUUID(), isLate = false, ...data }) {
  const late = isLate && once(said, uuid);  // beyond the page: the run has spoken before
  await inngest.send({ name: "hello-world/hello", data: { uuid, ...data } });
  await late;
  const stream = await subscribe({
    app: inngest, channel: `hello-world.${uuid}`, topics: ["logs"] });
  return stream.getEncodedStream();
}

// Several runs stream on several channels.
const likePost = inngest.createFunction(
  { id: "post/like", retries: 0 },
  { event: "app/post.like" },
  async ({ event: { data: { postId = "123" } }, step, publish }) => {
    if (!postId) {
      await publish(globalChannel().logs("Missing postId when trying to like post"));
      throw new Error("Missing postId");
    }
    await publish(globalChannel().logs(`Liking post ${postId}`));
    const post = await step.run("Update likes", async () => {
      const fakePost = { id: "123", likes: Math.floor(Math.random() * 10000) };
      return publish(postChannel(fakePost.id).updated(fakePost));
    });
    return post;
  });

// A human in the loop.
const agenticWorkflow = inngest.createFunction(
  { id: "agentic-workflow" },
  { event: "agentic-workflow/start" },
  async ({ event, step, publish }) => {
    await step.run("think", () => "a plan");
    const confirmationUUid = await step.run("get-confirmation-uuid",
      async () => crypto.randomUUID());
    await publish(agenticWorkflowChannel().messages({
      message: "Confirm to proceed?",
      confirmationUUid,
    }));
    if (event.data.isHasty) {  // beyond the page: the answer is there before the wait
      await step.run("answer", () => inngest.send({
        name: "agentic-workflow/confirmation", data: { confirmationUUid, confirmation: true } }));
    }
    const confirmation = await step.waitForEvent("wait-for-confirmation", {
      event: "agentic-workflow/confirmation",
      timeout: event.data.timeout ?? "15m",
      if: `async.data.confirmationUUid == \"${confirmationUUid}\"`,
    });
    if (confirmation) {
      return step.run("proceed", () => ({ confirmationUUid, ...confirmation.data }));
    }
    return "nobody answered";
  });

// Beyond the page: many messages, odd ones, and a stream.
const count = inngest.createFunction(
  { id: "count", retries: 0 },
  { event: "realtime/count" },
  async ({ event: { data: { channel, to } }, step, publish }) => {
    await step.run("count", async () => {
      for (let n = 1; n <= to; ++n) await publish(countChannel(channel).numbers(n));
    });
    await publish(countChannel(channel).words("done"));
  });
const say = inngest.createFunction(
  { id: "say", retries: 0 },
  { event: "realtime/say" },
  async ({ event: { data: { channel, values, text, isPostInvalid } }, step, publish }) => {
    await step.run("say", async () => {
      for (const value of values ?? []) await publish(countChannel(channel).words(value));
      if (text) await publish(countChannel(channel).words(new Blob([text]).stream()));
      if (isPostInvalid) await publish(postChannel("123").updated({ id: 123, likes: "many" }));
    });
  });

serveRealtime({
  inngest: serve({ client: inngest, functions: [someTask, likePost, agenticWorkflow, count, say] }),
  hello,
});
