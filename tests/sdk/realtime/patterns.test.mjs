// The three patterns of the documentation's page on realtime, with the SDK's own client.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { App, cleanUp, completed, Server, version } from "../harness.mjs";
import { channelOf, client, kApp, listen } from "./listener.mjs";

const { agenticWorkflowChannel, globalChannel, postChannel } = client;
let server, app;
before(async () => {
  server = await Server.start({ args: ["--retry-interval", "1s"] });
  app = await App.start("realtime", server, kApp);
});
after(cleanUp);

// Starts a run by the app's route and reads the answer as it streams: pieces as they come.
async function hello(body) {
  const response = await fetch(new URL("/api/hello", app.url), {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  // Version 3 encodes a message as a line of JSON, version 4 as a server-sent event.
  const [start, end] = version === 3 ? ["", "\n"] : ["data: ", "\n\n"];
  return {
    async next() {
      while (!text.includes(end)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the stream ended after ${JSON.stringify(text)}`);
        text += value;
      }
      const message = text.slice(0, text.indexOf(end));
      text = text.slice(text.indexOf(end) + end.length);
      assert.ok(message.startsWith(start), message);
      return JSON.parse(message.slice(start.length));
    },
    cancel: () => reader.cancel(),
  };
}

// The run that a case has just started; its events are of one name, and cases do not share names.
async function newestRun(name) {
  const [event] = (await server.get(`/v1/events?name=${name}`)).data;
  return (await server.runsOf(event.internal_id))[0].run_id;
}

async function start(name, data) {
  const [id] = await server.send({ name, data });
  return (await server.runsOf(id))[0].run_id;
}

const confirm = (confirmationUUid, confirmation = true) => server.send({
  name: "agentic-workflow/confirmation", data: { confirmationUUid, confirmation } });

// The trace's step with this id.
async function stepOf(run, id) {
  return (await server.trace(run)).data.steps.find((step) => step.id === id);
}

describe("single run", () => {
  test("the route that sent the event streams what the run says", async () => {
    const stream = await hello({ prompt: "hi" });
    const message = await stream.next();
    const run = await newestRun("hello-world/hello");
    assert.equal(message.data, "Hello, world!");
    assert.equal(message.topic, "logs");
    assert.match(message.channel, /^hello-world\.[0-9a-f-]{36}$/);
    assert.equal(message.runId, run);
    assert.equal(message.kind, "data");
    assert.ok(Math.abs(Date.parse(message.createdAt) - Date.now()) < 600_000, message.createdAt);
    completed(await server.ended(run), null);
    await stream.cancel();
  });

  test("a run that has spoken before the route subscribed is heard", async () => {
    const stream = await hello({ isLate: true });
    assert.equal((await stream.next()).data, "Hello, world!");
    await stream.cancel();
  });

  test("the route streams while the run goes on", async () => {
    const uuid = "b5e0a1c2";
    const stream = await hello({ uuid, twice: true });
    assert.equal((await stream.next()).data, "Hello, world!");
    const run = await newestRun("hello-world/hello");
    assert.equal((await server.get(`/v1/runs/${run}`)).data.status, "Running");
    await server.send({ name: "hello-world/go-on" });
    assert.equal((await stream.next()).data, "Hello again!");
    completed(await server.ended(run), null);
    await stream.cancel();
  });
});

describe("many runs", () => {
  test("a like is told on global and on post:123", async () => {
    const global = await listen(server, { channel: channelOf(globalChannel), topics: ["logs"] });
    const post = await listen(server, {
      channel: postChannel("123"), topics: ["updated", "deleted"] });
    const run = await server.run("app/post.like", { postId: "123" });
    const [log, updated] = [await global.next(), await post.next()];
    assert.equal(log.data, "Liking post 123");
    assert.deepEqual([log.channel, log.topic, log.runId], ["global", "logs", run.run_id]);
    assert.deepEqual([updated.channel, updated.topic], ["post:123", "updated"]);
    assert.equal(updated.data.id, "123");
    assert.equal(typeof updated.data.likes, "number");
    completed(run, updated.data);
  });

  test("an event without a postId likes post 123", async () => {
    const global = await listen(server, { channel: channelOf(globalChannel), topics: ["logs"] });
    const run = await server.run("app/post.like");
    let log = await global.next();
    while (log.runId !== run.run_id) log = await global.next();
    assert.equal(log.data, "Liking post 123");
    assert.equal(run.output.id, "123");
  });

  test("a postId that is empty is told of, and fails the run at its only attempt", async () => {
    const global = await listen(server, { channel: channelOf(globalChannel), topics: ["logs"] });
    const post = await listen(server, { channel: postChannel("123"), topics: ["updated"] });
    const run = await server.run("app/post.like", { postId: "" });
    assert.equal(run.status, "Failed");
    assert.equal(run.output.message, "Missing postId");
    const logs = [];
    do logs.push(await global.next()); while (logs.at(-1).runId !== run.run_id);
    assert.equal(logs.at(-1).data, "Missing postId when trying to like post");
    // Nothing was tried again, nothing was liked: the next messages are those of the next run.
    const next = await server.run("app/post.like", { postId: "7" });
    assert.equal((await global.next()).runId, next.run_id);
    let updated = await post.next();
    while (updated.runId !== next.run_id) {
      assert.notEqual(updated.runId, run.run_id);
      updated = await post.next();
    }
  });

  test("what does not fit the topic's schema does not reach a subscriber", async () => {
    const post = await listen(server, { channel: postChannel("123"), topics: ["updated"] });
    const run = await server.run("realtime/say", { channel: "unheard", isPostInvalid: true });
    // Version 3 publishes it and its subscriber drops it; version 4 fails the step.
    assert.equal(run.status, version === 3 ? "Completed" : "Failed", JSON.stringify(run));
    const next = await server.run("app/post.like");
    let updated = await post.next();
    while (updated.runId !== next.run_id) {
      assert.notEqual(updated.runId, run.run_id);
      updated = await post.next();
    }
  });
});

describe("human in the loop", () => {
  const kChannel = { channel: channelOf(agenticWorkflowChannel), topics: ["messages"] };

  // Starts a workflow and hears its question.
  async function ask(data = {}) {
    const messages = await listen(server, kChannel);
    const run = await start("agentic-workflow/start", data);
    let question = await messages.next();
    while (question.runId !== run) question = await messages.next();
    assert.equal(question.data.message, "Confirm to proceed?");
    return { run, messages, uuid: question.data.confirmationUUid };
  }
  const isWaiting = (run) => async () =>
    (await stepOf(run, "wait-for-confirmation"))?.state === "Pending";

  test("an answer", async () => {
    const { run, uuid } = await ask();
    await confirm(uuid);
    completed(await server.ended(run), { confirmationUUid: uuid, confirmation: true });
  });

  test("a wrong answer is passed over, the right one is taken", async () => {
    const { run, uuid } = await ask();
    await server.watch(run, isWaiting(run));
    const wait = await stepOf(run, "wait-for-confirmation");
    assert.equal(Date.parse(wait.due) - Date.parse(wait.registered_at), 15 * 60_000);
    assert.equal(wait.if, `async.data.confirmationUUid == "${uuid}"`);
    await confirm("00000000-0000-4000-8000-000000000000");
    assert.ok(await isWaiting(run)());
    await confirm(uuid, false);
    completed(await server.ended(run), { confirmationUUid: uuid, confirmation: false });
  });

  test("an answer that is there before the wait", async () => {
    const { run, uuid } = await ask({ isHasty: true });
    completed(await server.ended(run), { confirmationUUid: uuid, confirmation: true });
  });

  // The SDK publishes it again each time that the function is entered: a stale question.
  async function isAskedAgain() {
    const { run, messages, uuid } = await ask({ isOutside: true });
    await server.watch(run, isWaiting(run));
    await confirm(uuid);
    const stale = await messages.next();
    assert.deepEqual([stale.runId, stale.data.confirmationUUid], [run, uuid]);
    completed(await server.ended(run), { confirmationUUid: uuid, confirmation: true });
  }
  if (version === 4) test("a question that is asked outside of a step", isAskedAgain);

  test("no answer in time", async () => {
    const { run, uuid } = await ask({ timeout: "1s" });
    completed(await server.ended(run), "nobody answered");
    await confirm(uuid);  // too late, and harmless
    assert.equal((await server.get(`/v1/runs/${run}`)).data.output, "nobody answered");
  });

  test("the answer comes after the server was killed and started again", async () => {
    const { run, uuid } = await ask();
    await server.watch(run, isWaiting(run));
    await server.kill();
    server = await server.restart();
    await confirm(uuid);
    completed(await server.ended(run), { confirmationUUid: uuid, confirmation: true });
  });
});
