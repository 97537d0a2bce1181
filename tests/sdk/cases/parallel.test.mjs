import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { App, cleanUp, completed, Server, version } from "../harness.mjs";

let server, app;
before(async () => {
  server = await Server.start({ args: ["--retry-interval", "1s"] });
  app = await App.start("parallel", server);
});
after(cleanUp);

const notes = (kind, from) => app.notes(kind).slice(from).map(({ data }) => data);

test("PAR-01, PAR-03: chains side by side, each step once, in the order of its chain", async () => {
  completed(await server.run("parallel/sequence"), ["aa", "bb"]);
  const ran = notes("ran", 0);
  assert.deepEqual([...ran].sort(), ["a1", "a2", "b1", "b2"]);
  assert.ok(ran.indexOf("a1") < ran.indexOf("a2") && ran.indexOf("b1") < ran.indexOf("b2"));
});

test("PAR-07: after a hundred parallel steps the function is entered once", async () => {
  const ran = app.count("ran");
  const entered = app.count("entered");
  completed(await server.run("parallel/hundred"), 4950);
  assert.equal(new Set(notes("ran", ran)).size, 100);
  assert.equal(app.count("ran") - ran, 100);
  const calls = app.count("entered") - entered;
  // To find them, for each of them, and to go on (version 3: with each that ends).
  if (version === 4) assert.ok(calls <= 104, `${calls} calls`);
});

test("PAR-04: steps of all kinds in one group", async () => {
  completed(await server.run("parallel/kinds"), { run: 1, wait: null, invoked: "child" });
});

test("a race goes on with the first, the other does not hold it up for ever", async () => {
  completed(await server.run("parallel/race"), "fast");
});

test("allSettled sees the error of a step after its attempts", async () => {
  completed(await server.run("parallel/settled"), ["fulfilled", "rejected"]);
  assert.equal(app.count("bad"), 2);
});

test("PAR-12, RTY: several branches fail: one failure, one handler, nothing hangs", async () => {
  const run = await server.run("parallel/failing");
  assert.equal(run.status, "Failed");
  const handlers = await server.runsOfFailure(run.run_id);
  assert.equal(handlers.length, 1);
  await server.ended(handlers[0].run_id);
  assert.equal(app.count("failure handled"), 1);
});

test("API-10: steps one after the other behind a parallel group", async () => {
  completed(await server.run("parallel/then"), [3, 4, 5]);
  assert.equal(app.count("then"), 3);
});
