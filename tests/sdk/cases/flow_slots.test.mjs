import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { App, cleanUp, completed, Server } from "../harness.mjs";

let server, app;
before(async () => {
  server = await Server.start({ args: ["--retry-interval", "1ms"] });
  app = await App.start("flow_slots", server);
});
after(cleanUp);

// The runs that the events start, in their order.
async function start(name, all) {
  const ids = await server.send(all.map((data) => ({ name, data })));
  const runs = await Promise.all(ids.map((id) => server.runsOf(id)));
  return runs.map(([run]) => run.run_id);
}

const ended = (runs) => Promise.all(runs.map((run) => server.ended(run)));

test("CON-01: concurrency 1 has one call at a time, and all runs complete", async () => {
  const runs = await start("slots/one", [1, 2, 3].map((n) => ({ n })));
  const waiting = (await server.trace(runs[2])).data.waiting;
  assert.match(waiting.why, /^It waits for a slot: 1 of 1 are in use; place \d of 2\.$/);
  const all = await ended(runs);
  for (const [i, run] of all.entries()) completed(run, i + 1);
  assert.equal(app.count("one"), 6);
  assert.deepEqual(new Set(app.notes("one").map(({ data }) => data.ofAll)), new Set([1]));
});

test("CON-03, CON-04: a key has a limit of its own, beside one for all", async () => {
  const runs = await start("slots/keyed", ["a", "a", "b", "c", "b"].map((key) => ({ key })));
  for (const run of await ended(runs)) assert.equal(run.status, "Completed");
  const notes = app.notes("keyed").map(({ data }) => data);
  assert.equal(notes.length, 5);
  assert.ok(notes.every(({ ofAll, ofKey }) => ofAll <= 2 && ofKey <= 1), JSON.stringify(notes));
});

test("THR-01: a throttle spaces starts", async () => {
  const runs = await start("slots/throttled", [1, 2, 3].map((n) => ({ n })));
  for (const run of await ended(runs)) assert.equal(run.status, "Completed");
  const started = await Promise.all(
    runs.map(async (run) => Date.parse((await server.trace(run)).data.run.started_at)));
  assert.ok(started[1] - started[0] >= 1000 && started[2] - started[1] >= 1000, `${started}`);
});

test("SNG-01: a singleton skips what comes while it is open", async () => {
  const runs = await start("slots/single", ["x", "x", "y"].map((user) => ({ user })));
  const [first, second, third] = await Promise.all(
    runs.map(async (run) => (await server.trace(run)).data.run));
  assert.equal(second.status, "Skipped");
  assert.match(second.error.message, new RegExp(first.id));
  assert.notEqual(third.status, "Skipped");
});

test("a singleton of mode cancel: the newest goes on", async () => {
  const runs = await start("slots/latest", [1, 2, 3].map((n) => ({ n })));
  for (const run of runs.slice(0, 2)) {
    assert.equal((await server.ended(run)).status, "Cancelled");
  }
  await server.watch(runs[2], async () =>
    (await server.trace(runs[2])).data.waiting?.kind === "wait");
  await server.send({ name: "slots/go", data: {} });
  completed(await server.ended(runs[2]), 3);
});

test("a priority lets a run overtake", async () => {
  const runs = await start("slots/urgent", [0, 0, 60, 120].map((seconds, n) => ({ n, seconds })));
  await ended(runs);
  assert.deepEqual(app.notes("urgent").map(({ data }) => data.n), [0, 3, 2, 1]);
});
