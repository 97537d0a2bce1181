import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { App, cleanUp, completed, Server } from "../harness.mjs";

let server, app;
before(async () => {
  server = await Server.start({ args: ["--retry-interval", "1ms"] });
  app = await App.start("flow_life", server);
});
after(cleanUp);

async function post(route, body) {
  const response = await fetch(server.url + route, {
    method: "POST", headers: server.headers, body: body && JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

async function start(name, more = {}) {
  const [id] = await server.send({ name, data: {}, ...more });
  const runs = await server.runsOf(id);
  assert.equal(runs.length, 1);
  return runs[0];
}

async function slugOf(id) {
  return (await server.get("/api/functions")).data
    .map(({ config }) => config.id).find((slug) => slug.endsWith(`-${id}`));
}

test("timeouts.finish: a run that takes too long is cancelled", async () => {
  const run = await server.run("life/long");
  assert.equal(run.status, "Cancelled");
  await server.send({ name: "life/go" });  // it would go on with this
  await server.run("life/paused");
  assert.equal(app.count("long begins"), 1);
  assert.equal(app.count("long goes on"), 0);
});

test("timeouts.start: a run that does not start in time is cancelled", async () => {
  const { run_id: run } = await start("life/late", { ts: Date.now() + 3_600_000 });
  assert.equal((await server.ended(run)).status, "Cancelled");
  assert.equal(app.count("late"), 0);
});

test("a paused function skips what triggers it, until it is resumed", async () => {
  const slug = await slugOf("paused");
  const paused = await post(`/api/functions/${slug}/pause`);
  assert.deepEqual(paused.body.data, { function: slug, paused: true, changed: true });
  assert.equal((await start("life/paused")).status, "Skipped");
  assert.ok((await server.get(`/api/functions/${slug}`)).data.paused_at);
  await post(`/api/functions/${slug}/resume`);
  completed(await server.run("life/paused"), "done");
});

test("a run is done again from a step, with other arguments", async () => {
  const { run_id: id } = await start("life/parts");
  completed(await server.ended(id), { first: 1, doubled: 42, last: 43 });

  const plain = await post(`/api/runs/${id}/rerun`, { from_step: "last" });
  assert.equal(plain.status, 201, JSON.stringify(plain.body));
  completed(await server.ended(plain.body.data.run_id), { first: 1, doubled: 42, last: 43 });
  assert.deepEqual([app.count("first"), app.count("double"), app.count("last")], [1, 1, 2]);

  const other = await post(`/v2/runs/${id}/rerun`, { fromStep: { stepId: "double", input: [100] } });
  assert.equal(other.status, 200, JSON.stringify(other.body));
  completed(await server.ended(other.body.data.runId), { first: 1, doubled: 200, last: 201 });
  assert.deepEqual(app.notes("double").map(({ data }) => data), [21, 100]);
  assert.equal(app.count("first"), 1);

  const unknown = await post(`/v2/runs/${id}/rerun`, { fromStep: { stepId: "none" } });
  assert.equal(unknown.status, 400);
});

test("a run is done again from its beginning, and many at once", async () => {
  const ids = [];
  for (const n of [1, 2, 3]) {
    const run = await server.run("life/again", { n });
    completed(run, n);
    ids.push(run.run_id);
  }
  const one = await post(`/v2/runs/${ids[0]}/rerun`);
  assert.equal(one.status, 200, JSON.stringify(one.body));
  completed(await server.ended(one.body.data.runId), 1);
  assert.equal(app.count("again"), 4);

  const which = `/api/reruns?function=${await slugOf("again")}&query=${
    encodeURIComponent("event.data.n > 1")}`;
  assert.deepEqual((await post(`${which}&dry_run=true`)).body.data, { runs: 2 });
  assert.equal(app.count("again"), 4);
  assert.deepEqual((await post(which)).body.data, { runs: 2, refused: 0 });
  await app.program.line(/"kind":"again","data":{"n":3,"times":2}/);
  await app.program.line(/"kind":"again","data":{"n":2,"times":2}/);
  assert.equal(app.count("again"), 6);
});

test("open runs of a function are cancelled in bulk", async () => {
  const runs = [];
  for (const n of [1, 2, 3]) runs.push(await start("life/open", { data: { n } }));
  const { status, body } = await post("/v1/cancellations", {
    app_id: "flow_life", function_id: "open", started_before: new Date().toISOString(),
    if: "event.data.n < 3" });
  assert.equal(status, 201, JSON.stringify(body));
  assert.equal(body.data.cancelled, 2);
  for (const run of runs.slice(0, 2)) {
    assert.equal((await server.ended(run.run_id)).status, "Cancelled");
  }
  await server.send({ name: "life/close" });
  completed(await server.ended(runs[2].run_id), 3);
});

test("a schedule starts its function", async () => {
  const slug = await slugOf("ticks");
  const { data } = await server.get(`/api/functions/${slug}`);
  assert.equal(data.next.length, 5);
  assert.equal(data.next[0].cron, "TZ=Europe/Vienna * * * * *");
  await app.program.line(/"kind":"tick"/);  // within a minute
  const { data: tick } = app.notes("tick")[0];
  assert.equal(tick.name, "inngest/scheduled.timer");
  assert.match(tick.id, /^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/);
  assert.equal(tick.cron, "TZ=Europe/Vienna * * * * *");
});
