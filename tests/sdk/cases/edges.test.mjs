// Functions that misbehave, and what the trace shows of a run while it is under way.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { App, cleanUp, completed, Server } from "../harness.mjs";

let server, app;
before(async () => {
  server = await Server.start({ args: ["--retry-interval", "1s"] });
  app = await App.start("edges", server);
});
after(cleanUp);

async function start(name, data = {}) {
  const [id] = await server.send({ name, data });
  return (await server.runsOf(id))[0].run_id;
}
const trace = async (run) => (await server.trace(run)).data;
// Waits until the step is registered, and gives it.
async function registered(run, id) {
  let found;
  await server.watch(run, async () => {
    found = (await trace(run)).steps.find((step) => step.id === id);
    return found !== undefined;
  });
  return found;
}

// They wait more than they work.
describe("edges", { concurrency: true }, () => {
test("STP-07: a step inside of a step is refused by the SDK, which does not answer any more", async () => {
  const run = await start("edges/nested");
  await app.program.line(/NESTING_STEPS/);
  assert.equal((await trace(run)).waiting.kind, "call");
  assert.equal(app.count("inner"), 0);
  const cancelled = await fetch(`${server.url}/v1/runs/${run}`, { method: "DELETE" });
  assert.equal(cancelled.status, 200);
  assert.equal((await server.ended(run)).status, "Cancelled");
});

test("STP-26: a failed attempt of the function belongs to the step that it went on to", async () => {
  const run = await start("edges/fail.then.wait");
  let seen;
  await server.watch(run, async () => (seen = await trace(run)).attempts.length === 1);
  assert.deepEqual(seen.steps, []);
  assert.equal(seen.attempts[0].number, 1);
  assert.equal(seen.attempts[0].error.message, "not yet");
  assert.ok(seen.attempts[0].retry_at);
  assert.equal(seen.attempts[0].led_to, undefined);
  assert.equal(seen.waiting.kind, "timer");

  const wait = await registered(run, "approval");
  assert.equal(wait.state, "Pending");
  const [approval] = await server.send({ name: "edges/approved", data: { by: "me" } });
  completed(await server.ended(run), { by: "me" });
  const { steps, attempts } = await trace(run);
  assert.equal(attempts.length, 1);
  assert.equal(attempts[0].led_to, "approval");
  assert.equal(steps.length, 1);
  assert.equal(steps[0].state, "Completed");
  assert.equal(steps[0].resolved_by.id, approval);
  assert.deepEqual(steps[0].data.data, { by: "me" });
});

test("STP-35: the run that was invoked is known while it is under way", async () => {
  const run = await start("edges/invoke");
  const call = await registered(run, "call");
  assert.equal(call.state, "Pending");
  const child = (await server.get(`/v1/runs/${call.run}`)).data;
  assert.equal(child.status, "Running");
  assert.equal((await trace(call.run)).run.invoked_by, run);
  await server.send({ name: "edges/leave" });
  completed(await server.ended(run), "left");
  assert.equal((await trace(run)).steps[0].run, call.run);
});

test("PAR-10: a planned step that is gone costs an attempt, and is tried again", async () => {
  const run = await start("edges/vanish");
  completed(await server.ended(run), ["stays", "back"]);
  assert.equal(app.count("stays"), 1);
  assert.equal(app.count("vanishes"), 1);
  const { attempts } = (await trace(run)).steps.find(({ id }) => id === "vanishes");
  assert.equal(attempts.length, 1);
});

test("PAR-11: a call for one step that meets another first runs the one, and the other once", async () => {
  completed(await server.run("edges/surprise"), ["new", "a", "b"]);
  assert.deepEqual(app.notes("surprise").map(({ data }) => data).sort(), ["a", "b", "new"]);
});

test("CAN-09: a cancelOn whose condition is never true is no wait, and cancels nothing", async () => {
  const run = await start("edges/never.cancelled");
  await registered(run, "go on");
  await server.send([{ name: "edges/cancel" }, { name: "edges/go.on" }]);
  completed(await server.ended(run), "done");
  assert.deepEqual((await trace(run)).steps.map(({ id }) => id), ["go on"]);
});

test("a run's status and output are found by its event, as the documentation does it", async () => {
  const [event] = await server.send({ name: "edges/plain", data: { n: 21 } });
  let runs;
  do {
    runs = (await server.get(`/v1/events/${event}/runs`)).data;
  } while (runs[0].status !== "Completed");
  assert.equal(runs.length, 1);
  assert.equal(runs[0].output, 42);
  assert.ok(Date.parse(runs[0].ended_at) >= Date.parse(runs[0].run_started_at));
});
});
