import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { App, cleanUp, completed, Server } from "../harness.mjs";

let server, app;
before(async () => {
  server = await Server.start({ args: ["--retry-interval", "1ms"] });
  app = await App.start("events", server);
});
after(cleanUp);

// The results of all runs that one event started, by function, once they have ended.
async function results(event) {
  const [id] = await server.send(event);
  const runs = await server.runsOf(id);
  return Promise.all(runs.map(async ({ run_id: run }) => (await server.ended(run)).output));
}

test("TRG-02: an event starts each of its functions", async () => {
  assert.deepEqual(await results({ name: "events/both", data: { n: 1 } }), [{ n: 1 }, { n: 1 }]);
});

test("TRG-03, TRG-22: events of one request have their ids in order, and a run each", async () => {
  const ids = await server.send([1, 2, 3].map((n) => ({ name: "events/if", data: { n: n * 20 } })));
  assert.equal(new Set(ids).size, 3);
  for (const [i, id] of ids.entries()) {
    const runs = await server.runsOf(id);
    const outputs = await Promise.all(runs.map(async ({ run_id: run }) =>
      (await server.ended(run)).output));
    assert.deepEqual(outputs.sort(), [(i + 1) * 20, "events/if"].sort());
  }
});

test("TRG-05, TRG-06: wildcards", async () => {
  assert.deepEqual(await results({ name: "user.updated" }), ["user.updated"]);
  assert.deepEqual(await results({ name: "userx" }), []);
  assert.deepEqual(await results({ name: "api/v1/users" }), ["api/v1/users"]);
});

test("TRG-08, TRG-09: conditions of triggers", async () => {
  assert.deepEqual(await results({ name: "events/if", data: { n: 5 } }), []);
  assert.equal((await results({ name: "events/if", data: { n: 50 } })).length, 2);
  assert.deepEqual(await results({ name: "events/plain" }), ["events/plain"]);
});

test("TRG-10: several triggers that match start one run", async () => {
  assert.deepEqual(await results({ name: "events/double", data: { n: 5 } }), ["once"]);
});

test("TRG-12: the same id starts one run, another id another", async () => {
  const counts = [];
  for (const id of ["a", "a", "b"]) {
    const [internal] = await server.send({ name: "events/plain", id });
    counts.push((await server.runsOf(internal)).length);
  }
  assert.deepEqual(counts, [1, 0, 1]);
});

test("TRG-15, TRG-16: what functions see of an event", async () => {
  const [bare] = await results({ name: "events/whole" });
  assert.deepEqual(bare.data, {});
  assert.ok(Number.isInteger(bare.ts));
  const full = { name: "events/whole", id: "mine", ts: 1_700_000_000_000, v: "7",
                 data: { a: [1, "ü"] }, user: { external_id: "u" } };
  const [seen] = await results(full);
  for (const key of Object.keys(full)) assert.deepEqual(seen[key], full[key], key);
  assert.deepEqual(Object.keys(seen), ["data", "id", "name", "ts", "user", "v"]);
});

test("TRG-24, one-off scheduling: a ts that lies ahead is waited for, one that is over is not", async () => {
  completed(await server.run("events/plain", {}, { ts: Date.now() - 60_000 }), "events/plain");
  const at = Date.now() + 1200;
  const [id] = await server.send({ name: "events/plain", ts: at });
  const [{ run_id: run, status }] = await server.runsOf(id);
  assert.equal(status, "Scheduled");
  await server.ended(run);
  assert.ok(Date.now() >= at);
});

for (const [kind, attempts] of [["default", 5], ["none", 1], ["single", 2], ["most", 21]]) {
  test(`RTY-03, RTY-08, RTY-13: attempts of a step: ${kind}`, async () => {
    assert.equal((await server.run(`events/${kind}`)).status, "Failed");
    assert.deepEqual(app.notes(kind).map(({ data }) => data),
      Array.from({ length: attempts }, (_, i) => [i, attempts]));
  });
}

test("RTY-05: a function without retries runs once", async () => {
  assert.equal((await server.run("events/function.none")).status, "Failed");
  assert.equal(app.count("function-none"), 1);
});

test("all failures can be tracked by their event", async () => {
  const run = await server.run("events/function.none");
  const handlers = await server.runsOfFailure(run.run_id);
  for (const { run_id: handler } of handlers) await server.ended(handler);
  assert.ok(app.notes("tracked").some(({ data }) =>
    data[0] === "events-function-none" && data[1] === "no"));
});

test("CAN-02, CAN-05, CAN-14: cancelOn, and cleanup after it", async () => {
  const ids = await server.send([1, 2].map((id) => ({ name: "events/cancellable", data: { id } })));
  const [run, other] = (await Promise.all(ids.map((id) => server.runsOf(id))))
    .map(([{ run_id: id }]) => id);
  for (const each of [run, other]) {
    await server.watch(each, async () => (await server.trace(each)).data.waiting?.kind === "wait");
  }
  const calls = () => app.notes("cancellable").filter(({ data }) => data === 1).length;
  const before = calls();
  await server.send({ name: "events/cancel", data: { id: 3 } });
  assert.equal((await server.get(`/v1/runs/${run}`)).data.status, "Running");
  await server.send({ name: "events/cancel", data: { id: 1 } });
  assert.equal((await server.ended(run)).status, "Cancelled");
  await server.send({ name: "events/go" });  // who was cancelled is not called again
  completed(await server.ended(other), null);
  assert.deepEqual(app.notes("after").map(({ data }) => data), [2]);
  assert.equal(calls(), before);
  const [handler] = await server.runsOfFailure(run, "inngest/function.cancelled");
  await server.ended(handler.run_id);
  assert.deepEqual(app.notes("cleaned").map(({ data }) => data), [run]);
  await assert.rejects(server.runsOfFailure(run), /there is no inngest\/function.failed/);
  assert.equal(app.count("failed"), 0);
});

test("TRG-29: an app that moves is called where it is now", async () => {
  const moved = await App.start("events", server);
  const before = app.count("function-none");
  await server.run("events/function.none");
  assert.equal(app.count("function-none"), before);
  assert.equal(moved.count("function-none"), 1);
  await moved.kill();
  await app.register();
});
