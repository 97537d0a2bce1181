import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";

import { App, cleanUp, completed, Server } from "../harness.mjs";

let server, app, web;
const asked = [];  // what came to the web server of this file
before(async () => {
  server = await Server.start({ args: ["--retry-interval", "1s"] });
  app = await App.start("steps", server);
  web = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => { body += piece; });
    request.on("end", () => {
      asked.push({ url: request.url, method: request.method, headers: request.headers, body });
      if (request.url === "/busy" && asked.filter(({ url }) => url === "/busy").length === 1) {
        response.writeHead(503).end("busy");
      } else if (request.url === "/echo") {
        response.writeHead(404, { "x-two": "2" }).end(`got ${body}`);
      } else {
        response.writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ choices: [{ message: { role: "assistant", content: "hello" } }] }));
      }
    });
  });
  web.listen(0, "127.0.0.1");
  await once(web, "listening");
});
after(async () => {
  web.close();
  await cleanUp();
});
const webUrl = (path) => `http://127.0.0.1:${web.address().port}${path}`;

// Sends the event and gives the id of the one run that it starts.
async function start(name, data = {}) {
  const [id] = await server.send({ name, data });
  return (await server.runsOf(id))[0].run_id;
}

// They wait more than they work.
describe("steps", { concurrency: true }, () => {
test("STP-06: step ids with odd characters", async () => {
  const run = await server.run("steps/odd");
  assert.equal(run.status, "Completed", JSON.stringify(run));
  assert.equal(run.output.length, 6);
});

test("STP-47: the same step id in a loop", async () => {
  completed(await server.run("steps/loop"), [0, 1, 2, 3]);
  assert.equal(app.count("same"), 4);
});

test("STP-08: steps in another order when the function is entered again", async () => {
  completed(await server.run("steps/order"), { one: "one", two: "two" });
  assert.deepEqual(app.notes("order").map(({ data }) => data).sort(), ["one", "two"]);
});

test("STP-16: sleeps that are over at once", async () => {
  completed(await server.run("steps/zero"), "on");
});

test("STP-27: a wait shorter than a second", async () => {
  completed(await server.run("steps/short"), null);
});

test("STP-24: a wait with an expression that does not compile fails the run at once", async () => {
  const run = await server.run("steps/invalid");
  assert.equal(run.status, "Failed");
  assert.equal(run.output.name, "InvalidExpression");
});

test("STP-29: a signal that nobody waits for is refused", async () => {
  const response = await fetch(`${server.url}/v1/signals`, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ signal: "nobody", data: 1 }) });
  assert.equal(response.status, 404);
  const run = await server.run("steps/send.signal", { signal: "nobody" });
  assert.equal(run.status, "Completed", JSON.stringify(run));
});

test("a signal resolves the step that waits for it", async () => {
  const waiter = await start("steps/signal", { signal: "one" });
  await waitsFor(waiter);
  const sender = await server.run("steps/send.signal", { signal: "one" });
  assert.equal(sender.status, "Completed", JSON.stringify(sender));
  completed(await server.ended(waiter), { signal: "one", data: { word: "now" } });
});

// Until a step of the run is registered and pending.
function waitsFor(run) {
  return server.watch(run, async () => (await steps(run)).some((step) => step.state === "Pending"));
}
async function steps(run) {
  return (await server.trace(run)).data.steps;
}

test("STP-30: of two waiters for a signal the second fails, or takes over", async () => {
  const first = await start("steps/signal", { signal: "two", timeout: "1s" });
  await waitsFor(first);
  assert.equal((await server.run("steps/signal", { signal: "two" })).status, "Failed");
  const second = await start("steps/signal", { signal: "two", conflict: "replace" });
  await waitsFor(second);
  await server.run("steps/send.signal", { signal: "two" });
  completed(await server.ended(second), { signal: "two", data: { word: "now" } });
  completed(await server.ended(first), null);
});

test("STP-32: the error of an invoked function can be caught", async () => {
  const run = await server.run("steps/invoke.bad");
  assert.equal(run.status, "Completed", JSON.stringify(run));
  assert.match(run.output.caught, /child broke/);
});

test("STP-33: an invocation that takes too long; the other function ends all the same", async () => {
  const run = await server.run("steps/invoke.slow");
  assert.equal(run.status, "Completed", JSON.stringify(run));
  assert.match(run.output.caught, /timed out|Timed out/i);
  await app.program.line(/slow child ended/);
});

test("STP-36: invoking what does not exist fails at once", async () => {
  const run = await server.run("steps/invoke.nobody");
  assert.equal(run.status, "Failed");
  assert.match(run.output.message, /could not find function/);
});

test("durable fetch: the server makes the request, any response is a result", async () => {
  completed(await server.run("steps/fetch", { url: webUrl("/echo") }),
    { status: 404, text: "got text" });
  const seen = asked.find(({ url }) => url === "/echo");
  assert.equal(seen.method, "POST");
  assert.equal(seen.headers["x-one"], "1");
});

test("STP-39: a fetch to a closed port is tried again, then fails as GatewayError", async () => {
  const run = await server.run("steps/fetch", { url: "http://127.0.0.1:1/" });
  assert.equal(run.status, "Failed");
  assert.match(JSON.stringify(run.output), /no connection/);
});

test("step.ai.infer: the server asks the model, and again when it is busy", async () => {
  const run = await server.run("steps/infer", { url: webUrl("/busy") });
  assert.equal(run.status, "Completed", JSON.stringify(run));
  assert.equal(run.output.choices[0].message.content, "hello");
  const seen = asked.filter(({ url }) => url === "/busy");
  assert.equal(seen.length, 2);
  assert.equal(seen[0].headers.authorization, "Bearer sk-hidden");
  assert.equal(JSON.parse(seen[0].body).model, "m");
  // The key is in no answer that people or programs get about the run.
  for (const route of [`/api/runs/${run.run_id}`, `/v2/runs/${run.run_id}/trace?includeOutput=true`,
                       `/v1/runs/${run.run_id}/jobs`, "/api/events?limit=100"]) {
    assert.ok(!JSON.stringify(await server.get(route)).includes("sk-hidden"), route);
  }
});

test("STP-48: a result that is no JSON fails the run", async () => {
  assert.equal((await server.run("steps/unserialisable")).status, "Failed");
});

test("STP-42: a run has at most 1000 steps", async () => {
  const run = await server.run("steps/many");
  assert.equal(run.status, "Failed");
  assert.equal(run.output.name, "InngestErrFunctionOverflowed");
});

test("STP-45: a state too large for a request is asked for by the SDK", async () => {
  completed(await server.run("steps/large"), Array(4).fill(1_500_000));
  assert.equal(app.count("large"), 4);
});

test("STP-09: of a step whose error changes the last one is kept", async () => {
  const run = await server.run("steps/changing");
  assert.equal(run.status, "Failed");
  assert.match(run.output.message, /third/);
});

test("STP-41: the event of a wait keeps its payload", async () => {
  const run = await start("steps/payload");
  await waitsFor(run);
  const data = { text: "ü", list: [1, { a: null }], big: 1e21, small: 0.1 };
  await server.send({ name: "steps/payload.back", data });
  completed(await server.ended(run), data);
});
});
