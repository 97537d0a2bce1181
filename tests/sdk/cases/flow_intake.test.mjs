import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { App, cleanUp, completed, Server } from "../harness.mjs";

let server, app;
before(async () => {
  server = await Server.start();
  app = await App.start("flow_intake", server);
});
after(cleanUp);

const send = async (name, data) => (await server.send({ name, data }))[0];
const count = async (id) => (await server.runsOf(id)).length;
// Waits until a run has noted this.
const noted = (kind, data) => app.program.line({
  exec: (line) => line === JSON.stringify({ note: { kind, data } }) && [line] });
// The one run of an event, once it has ended.
async function runOf(id) {
  const runs = await server.runsOf(id);
  assert.equal(runs.length, 1);
  return server.ended(runs[0].run_id);
}

// They wait more than they work.
describe("intake", { concurrency: true }, () => {
test("THR-06: a rate limit for each value of its key", async () => {
  const counts = [];
  for (const number of [1, 1, 2]) counts.push(await count(await send("intake/rated", { number })));
  assert.deepEqual(counts, [1, 0, 1]);
});

test("an idempotency key", async () => {
  const counts = [];
  for (const order of ["a", "a", "b"]) {
    counts.push(await count(await send("intake/once", { order })));
  }
  assert.deepEqual(counts, [1, 0, 1]);
});

test("an invocation that is rate limited fails at once", async () => {
  await send("intake/rated", { number: 7 });
  const run = await server.run("intake/parent", { target: "rated", payload: { number: 7 } });
  assert.equal(run.status, "Failed");
  assert.match(run.output.message, /rate limited: function "flow_intake-rated" starts 1 run in 1d/);
});

test("THR-10, THR-11, THR-12: the latest of each key, and again after that", async () => {
  for (const round of [0, 1000]) {
    const events = Array.from({ length: 1000 }, (_, i) => ({
      name: "intake/debounced", data: { key: `k${i % 2}`, counter: round + i } }));
    const ids = await server.send(events);
    await Promise.all([998, 999].map((i) => noted("debounced", events[i].data)));
    for (const i of [998, 999]) await runOf(ids[i]);
    for (const i of [0, 1, 997]) assert.equal(await count(ids[i]), 0);
  }
  assert.equal(app.count("debounced"), 4);
});

test("THR-14: a debounce ends at its timeout", async () => {
  await send("intake/limited", { counter: 1 });
  await send("intake/limited", { counter: 2 });
  await noted("limited", { counter: 2 });
});

test("BAT-01, BAT-07, BAT-08: full, then what is left at the timeout", async () => {
  const ids = await server.send([0, 1, 2, 3, 4].map((n) => ({ name: "intake/batched", data: { n } })));
  await noted("batched", [0, 1, 2]);
  await noted("batched", [3, 4]);
  const runs = await Promise.all(ids.map(runOf));
  completed(runs[0], [0, 1, 2]);
  completed(runs[4], [3, 4]);
  assert.equal(new Set(runs.map(({ run_id: run }) => run)).size, 2);
  assert.equal(runs[2].run_id, runs[0].run_id);
  const { data } = await server.get(`/v2/runs/${runs[0].run_id}`);
  assert.equal(data.trigger.isBatch, true);
  assert.deepEqual(data.trigger.eventIds, ids.slice(0, 3));
  const query = encodeURIComponent('event.name == "intake/batched"');
  const listed = (await server.get(`/api/runs?query=${query}`)).data.map(({ id }) => id);
  assert.deepEqual(listed, [runs[4].run_id, runs[0].run_id]);  // each once, newest first
});

test("BAT-03: what the condition does not hold for runs alone", async () => {
  const ids = await server.send([1, 2, 3].map((n) => ({ name: "intake/choosy", data: { n } })));
  await noted("choosy", [2, 3]);
  completed(await runOf(ids[0]), [1]);
  completed(await runOf(ids[2]), [2, 3]);
});
});
