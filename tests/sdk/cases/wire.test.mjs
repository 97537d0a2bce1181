// Answers that no SDK gives, and some that only other SDKs give: each costs the attempt or the run
// that it belongs to, says why, and nothing else.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";

import { cleanUp, completed, Server } from "../harness.mjs";
import { key, ops, RawApp, result, sdkHeaders } from "../raw_app.mjs";

let server, app;
const moves = {
  text: (_, response) => response.writeHead(200, sdkHeaders).end("plain text"),
  empty: (_, response) => response.writeHead(200, sdkHeaders).end(),
  packed: (_, response) => response.writeHead(200,
    { ...sdkHeaders, "content-encoding": "gzip" }).end(gzipSync('{"packed":true}')),
  streamed: (_, response) => {
    response.writeHead(201, sdkHeaders);
    response.write("   \n");
    response.end(JSON.stringify({ status: 200, headers: sdkHeaders, body: '{"streamed":1}' }));
  },
  redirected: (call, response) => (call.path === "/api"
    ? response.writeHead(307, { location: "/moved" }).end()
    : result(response, { path: call.path, run: call.body.ctx.run_id.length })),
  nothing: (call, response) => (app.callsOf("nothing").length === 1
    ? ops(response, []) : result(response, "on")),
  twice: (call, response) => {
    if (call.query.stepId === key("a")) return ops(response, [stepRun("a", 1)]);
    if (call.body.steps[key("a")]) return result(response, call.body.steps[key("a")]);
    ops(response, [planned("a"), planned("a"), planned("a")]);
  },
  unplanned: (call, response) => (Object.keys(call.body.steps).length === 0
    ? ops(response, [stepRun("x", 1), stepRun("x", 2)])
    : result(response, call.body.steps[key("x")])),
  null: (_, response) => ops(response, [null]),
  garbage: (_, response) => response.writeHead(206, sdkHeaders).end('[{"op":'),
  foreign: (_, response) => response.writeHead(200).end("<html>a page</html>"),
  proxy: (_, response) => response.writeHead(502).end("bad gateway"),
  large: (_, response) => response.writeHead(200, sdkHeaders).end("x".repeat(10 << 20)),
  bomb: (_, response) => response.writeHead(200,
    { ...sdkHeaders, "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(64 << 20))),
  short: (_, response) => {
    response.writeHead(200, { ...sdkHeaders, "content-length": 100 });
    response.write("{}");
    response.socket.end();
  },
  reset: (_, response) => response.socket.resetAndDestroy(),
  unknown: (_, response) => ops(response, [{ op: "Levitate", id: key("x") }]),
  defer: (_, response) => ops(response, [{ op: "DeferAdd", id: key("x"), opts: {} }]),
};
const stepRun = (id, data) => ({ op: "StepRun", id: key(id), name: id, displayName: id, data });
const planned = (id) => ({ op: "StepPlanned", id: key(id), name: id, displayName: id });

before(async () => {
  server = await Server.start({ args: ["--retry-interval", "1s"] });
  app = await RawApp.start(server, "raw",
    Object.keys(moves).map((id) => ({ id, on: `raw/${id}`, retries: 0 })),
    (call, response) => moves[call.query.fnId.slice("raw-".length)](call, response));
});
after(async () => {
  app.close();
  await cleanUp();
});
const run = (name) => server.run(`raw/${name}`);

test("STP-03: a result that is no JSON is kept as text; none is null", async () => {
  completed(await run("text"), "plain text");
  completed(await run("empty"), null);
});
test("a compressed answer", async () => completed(await run("packed"), { packed: true }));
test("STP-49: a streamed answer", async () => completed(await run("streamed"), { streamed: 1 }));
test("STP-50: a redirect is followed with the body", async () => {
  completed(await run("redirected"), { path: "/moved", run: 26 });
});
test("RTY-20: an empty list of ops is no progress, and no failure", async () => {
  completed(await run("nothing"), "on");
  assert.equal(app.callsOf("nothing").length, 2);
});
test("PAR-08: a step that is planned several times runs once", async () => {
  completed(await run("twice"), { data: 1 });
  assert.equal(app.callsOf("twice").filter(({ query }) => query.stepId === key("a")).length, 1);
});
test("of two results of a step in one answer the first stays", async () => {
  completed(await run("unplanned"), { data: 1 });
});

const failures = {
  null: ["invalid_response", /op 0/],  // RTY-19
  garbage: ["invalid_response", /no JSON/],
  foreign: ["not_sdk", /did not come from an Inngest SDK/],
  proxy: ["Server returned a fatal error", /HTTP 502/],
  large: ["output_too_large", /limit/],
  bomb: ["output_too_large", /limit/],
  short: ["connection_reset", /before its body did/],
  reset: ["connection_reset", /before the response began/],
  unknown: ["invalid_response", /Levitate/],
  defer: ["invalid_response", /DeferAdd/],
};
for (const [name, [error, cause]] of Object.entries(failures)) {
  test(`a bad answer: ${name}`, async () => {
    const failed = await run(name);
    assert.equal(failed.status, "Failed");
    assert.equal(failed.output.name, error);
    assert.match(failed.output.message, cause);
    for (const part of ['app "raw"', `function "raw-${name}"`, failed.run_id]) {
      assert.ok(failed.output.message.includes(part), failed.output.message);
    }
  });
}

test("a call carries what the protocol says", async () => {
  await run("text");
  const call = app.callsOf("text").at(-1);
  assert.equal(call.query.stepId, "step");
  assert.equal(call.headers["x-inngest-req-version"], "-1");
  assert.equal(call.headers["x-run-id"], call.body.ctx.run_id);
  assert.equal(call.headers["x-inngest-signature"], undefined);
  assert.deepEqual(call.body.steps, {});
  assert.equal(call.body.version, -1);
  assert.equal(call.body.use_api, false);
  assert.equal(call.body.ctx.max_attempts, 1);
  assert.equal(call.body.event.name, "raw/text");
  assert.ok(Number.isInteger(call.body.event.ts));
  assert.deepEqual(call.body.event.user, {});
});

test("a checkpoint of a call that is over is refused with 409, and changes nothing", async () => {
  await run("text");
  const { ctx } = app.callsOf("text").at(-1).body;
  const response = await fetch(`${server.url}/v1/checkpoint/${ctx.run_id}/async`, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ run_id: ctx.run_id, fn_id: ctx.fn_id, qi_id: ctx.qi_id,
                           steps: [stepRun("late", 1)] }) });
  assert.equal(response.status, 409);
  const state = await fetch(`${server.url}/v0/runs/${ctx.run_id}/actions`);
  assert.equal(state.status, 410);
});
