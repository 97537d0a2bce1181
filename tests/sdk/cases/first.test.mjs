import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { App, cleanUp, completed, Server } from "../harness.mjs";

let server, app;
before(async () => {
  server = await Server.start({ args: ["--retry-interval", "1s"] });
  app = await App.start("first", server);
});
after(cleanUp);

// They wait more than they work.
describe("first", { concurrency: true }, () => {
test("a function without steps returns its result", async () => {
  completed(await server.run("first/hello", { name: "you" }), { hello: "you" });
});

test("steps run once each, in order", async () => {
  completed(await server.run("first/steps", { n: 1 }), { a: 2, b: 4 });
  assert.equal(app.count("a"), 1);
  assert.equal(app.count("b"), 1);
});

test("a step without a result is not run again", async () => {
  completed(await server.run("first/nothing"), { isNullish: true });
  assert.equal(app.count("nothing"), 1);
});

test("sleep does not end early", async () => {
  const run = await server.run("first/sleep");
  assert.equal(run.status, "Completed");
  assert.ok(run.output.slept >= 1000, `slept ${run.output.slept} ms`);
});

test("sleepUntil does not end early; a moment that is over does not wait", async () => {
  const run = await server.run("first/until", { at: Date.now() + 1200 });
  assert.ok(run.output.late >= 0, `woke ${run.output.late} ms late`);
  completed(await server.run("first/until", { at: 1_000_000_000_000 }).then((past) =>
    ({ ...past, output: past.output.late > 0 })), true);
});

test("waitForEvent takes the event that matches", async () => {
  const [id] = await server.send({ name: "first/wait", data: { id: 7 } });
  const [{ run_id: run }] = await server.runsOf(id);
  await server.send([{ name: "first/answer", data: { id: 8, word: "wrong" } },
                     { name: "first/answer", data: { id: 7, word: "right" } }]);
  completed(await server.ended(run), { got: "right" });
});

test("waitForEvent gives null at its timeout", async () => {
  completed(await server.run("first/wait.in.vain"), { got: null });
});

test("invoke gives the result of the other function", async () => {
  completed(await server.run("first/invoke", { n: 21 }), { child: 42 });
});

test("parallel steps run once each and join", async () => {
  completed(await server.run("first/parallel"), { after: "pqr" });
  assert.deepEqual(app.notes("branch").map((note) => note.data).sort(), ["p", "q", "r"]);
});

test("a step is tried again until it succeeds", async () => {
  completed(await server.run("first/retry"), "at last");
  assert.deepEqual(app.notes("flaky").map((note) => note.data), [0, 1, 2]);
});

test("a function is tried again until it succeeds", async () => {
  completed(await server.run("first/function.retry"), "well");
  assert.deepEqual(app.notes("body").map((note) => note.data), [0, 1]);
});

test("onFailure is called once, with the error, when the attempts are spent", async () => {
  const run = await server.run("first/fail");
  assert.equal(run.status, "Failed");
  assert.equal(app.count("always"), 2);
  const handlers = await server.runsOfFailure(run.run_id);
  assert.equal(handlers.length, 1);
  await server.ended(handlers[0].run_id);
  const [{ data }] = app.notes("failed");
  assert.deepEqual([data.message, data.run, data.slug], ["broken", run.run_id, "first-fails"]);
  assert.equal(app.count("failed"), 1);
});

test("NonRetriableError ends the function at once", async () => {
  const run = await server.run("first/give.up");
  assert.equal(run.status, "Failed");
  assert.equal(run.output.message, "no use");
  assert.equal(app.count("gives up"), 1);
});

test("NonRetriableError ends a step at once", async () => {
  const run = await server.run("first/step.give.up");
  assert.equal(run.status, "Failed");
  assert.equal(app.count("hopeless"), 1);
});

test("the error of a step can be caught", async () => {
  const run = await server.run("first/catch");
  assert.equal(run.status, "Completed", JSON.stringify(run));
  assert.equal(run.output.what, "too far");
});

test("RetryAfterError says when the next attempt is", async () => {
  completed(await server.run("first/later"), "done");
  const [first, second] = app.notes("busy").map((note) => note.data);
  assert.ok(second - first >= 1000, `${second - first} ms`);
});

test("sendEvent sends once, and the function of the event runs", async () => {
  completed(await server.run("first/send"), { ids: 1 });
  const [sent] = (await server.get("/v1/events?name=first/sent")).data;
  const [receiver] = await server.runsOf(sent.internal_id);
  completed(await server.ended(receiver.run_id), { x: 1 });
  assert.equal(app.count("received"), 1);
});
});
