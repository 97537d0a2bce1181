// `stepwell serve` with keys, and apps in the SDK's cloud mode: everything is signed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { App, cleanUp, completed, Server } from "../harness.mjs";

const env = { STEPWELL_SIGNING_KEY: `signkey-test-${"0123456789abcdef".repeat(4)}`,
              STEPWELL_EVENT_KEY: "event-key" };
let server, app;
before(async () => {
  server = await Server.start({ mode: "serve", env,
    args: ["--allow-private-sdk-urls", "--retry-interval", "1s"] });
  app = await App.start("first", server);
});
after(cleanUp);

test("signed calls, checkpoints, events of steps: the first functions work with keys", async () => {
  completed(await server.run("first/steps", { n: 1 }), { a: 2, b: 4 });
  completed(await server.run("first/parallel"), { after: "pqr" });
  completed(await server.run("first/send"), { ids: 1 });
  completed(await server.run("first/invoke", { n: 1 }), { child: 2 });
  assert.equal(app.count("a"), 1);
});

test("numbers and texts that are easily written in two ways pass the signature", async () => {
  const data = { n: 1, name: "ü\u2028😀\\\"", big: 1e21, small: 1e-7, zero: -0, exact: 0.1 };
  completed(await server.run("first/hello", data), { hello: data.name });
});

test("what is not signed with the key is refused by either side", async () => {
  const call = await fetch(`${app.url}?fnId=first-hello&stepId=step`, {
    method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  assert.ok(call.status >= 400, `the app answered ${call.status}`);
  const events = await fetch(`${server.url}/v1/events`);
  assert.equal(events.status, 401);
  const register = await fetch(`${server.url}/fn/register`, { method: "POST", body: "{}" });
  assert.equal(register.status, 401);
});

test("an app with another key can't register, and its functions are not called", async () => {
  const other = await App.start("events", server, {
    register: false, env: { INNGEST_SIGNING_KEY: `signkey-test-${"f".repeat(64)}` } });
  await assert.rejects(other.register());
  const [id] = await server.send({ name: "events/plain" });
  assert.deepEqual(await server.runsOf(id), []);
});
