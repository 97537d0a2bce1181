// curl on the stream of server-sent events: what anybody without an SDK has.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";

import { cleanUp, Server } from "../harness.mjs";

let server;
before(async () => { server = await Server.start(); });
after(cleanUp);

const curls = new Set();
after(() => curls.forEach((curl) => curl.kill()));

// `curl --no-buffer --include URL …`; what it prints, event by event.
class Curl {
  constructor(url, ...args) {
    this.child = spawn("curl", ["--silent", "--no-buffer", "--include", ...args, url],
      { stdio: ["ignore", "pipe", "inherit"] });
    curls.add(this.child);
    this.text = "";
    this.output = this.child.stdout.setEncoding("utf8")[Symbol.asyncIterator]();
  }

  async until(end) {
    while (!this.text.includes(end)) {
      const { done, value } = await this.output.next();
      if (done) throw new Error(`curl ended after ${JSON.stringify(this.text)}`);
      this.text += value;
    }
    const part = this.text.slice(0, this.text.indexOf(end));
    this.text = this.text.slice(this.text.indexOf(end) + end.length);
    return part;
  }
  // The response's head, which comes at once: the stream is open.
  head() {
    return this.until("\r\n\r\n");
  }
  // The next event's id and message; comments keep a quiet connection alive and are passed over.
  async event() {
    for (;;) {
      const block = await this.until("\n\n");
      if (block.startsWith(":")) continue;
      const match = /^(?:id: (.+)\n)?data: (.+)$/.exec(block);
      assert.ok(match, block);
      return { id: match[1], ...JSON.parse(match[2]) };
    }
  }
  async end() {
    this.child.kill();
    await once(this.child, "close");
  }
}

function sse(query) {
  return `${server.url}/v1/realtime/sse?${new URLSearchParams(query)}`;
}
async function publish(channel, topic, data) {
  await publishBytes(channel, topic, JSON.stringify(data));
}
async function publishBytes(channel, topic, bytes) {
  const child = spawn("curl", ["--silent", "--fail", "--data-binary", bytes,
    `${server.url}/v1/realtime/publish?${new URLSearchParams({ channel, topic })}`]);
  const [code] = await once(child, "close");
  assert.equal(code, 0);
}
async function token(channel, ...names) {
  const response = await fetch(`${server.url}/v1/realtime/token`, {
    method: "POST", body: JSON.stringify(names.map((name) => ({ channel, name, kind: "run" }))) });
  assert.equal(response.status, 201);
  return (await response.json()).jwt;
}
const refused = async (url, ...args) => new Curl(url, ...args).head();

test("dev mode: a channel by its name, all of its topics or one", async () => {
  const all = new Curl(sse({ channel: "post:17" }));
  const one = new Curl(sse({ channel: "post:17", topic: "updated" }));
  const head = await all.head();
  assert.match(head, /^HTTP\/1\.1 200 /);
  assert.match(head, /^content-type: text\/event-stream\r$/im);
  assert.match(head, /^cache-control: no-cache\r$/im);
  await one.head();
  await publish("post:17", "seen", { by: "me" });
  await publish("post:17", "updated", { likes: 3 });
  assert.deepEqual((await all.event()).data, { by: "me" });
  const event = await all.event();
  assert.deepEqual([event.kind, event.channel, event.topic, event.data],
    ["data", "post:17", "updated", { likes: 3 }]);
  assert.match(event.id, /^\d+-\d+$/);
  assert.deepEqual(await one.event(), event);
});

test("with a token: its topics", async () => {
  const curl = new Curl(sse({ token: await token("post:18", "updated", "deleted") }));
  await curl.head();
  await publish("post:18", "other", 1);
  await publish("post:18", "deleted", { reason: "spam" });
  const event = await curl.event();
  assert.deepEqual([event.topic, event.data], ["deleted", { reason: "spam" }]);
});

test("Last-Event-ID, or since: goes on after the message that was seen", async () => {
  const first = new Curl(sse({ channel: "post:19" }));
  await first.head();
  for (const n of [1, 2]) await publish("post:19", "n", n);
  await first.event();
  const { id } = await first.event();
  await first.end();
  for (const n of [3, 4]) await publish("post:19", "n", n);
  const again = new Curl(sse({ channel: "post:19" }), "--header", `Last-Event-ID: ${id}`);
  const since = new Curl(sse({ channel: "post:19", since: id }));
  for (const curl of [again, since]) {
    await curl.head();
    assert.equal((await curl.event()).data, 3);
    assert.equal((await curl.event()).data, 4);
  }
  await publish("post:19", "n", 5);
  for (const curl of [again, since]) assert.equal((await curl.event()).data, 5);
});

test("an id of before a restart: the gap is announced", async () => {
  const before = new Curl(sse({ channel: "post:20" }));
  await before.head();
  await publish("post:20", "n", 1);
  const { id } = await before.event();
  await server.kill();
  server = await server.restart();
  const after = new Curl(sse({ channel: "post:20" }), "--header", `Last-Event-ID: ${id}`);
  await after.head();
  await publish("post:20", "n", 2);
  const gap = await after.event();
  assert.deepEqual([gap.kind, gap.data], ["gap", { missed: null }]);
  assert.equal((await after.event()).data, 2);
});

test("bytes that are no JSON, on the channel of a run: a JSON string of kind data", async () => {
  const run = "01K3ABCDEFGHJKMNPQRSTVWXYZ";
  const curl = new Curl(sse({ channel: run, topic: "step" }));
  await curl.head();
  await publishBytes(run, "step", "step 1 data");
  const event = await curl.event();
  assert.deepEqual([event.kind, event.channel, event.topic, event.data],
    ["data", run, "step", "step 1 data"]);
});

test("what is refused says so in the shape that SDKs know", async () => {
  const good = await token("post:21", "n");
  const [header, claims, signature] = good.split(".");
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
  for (const bad of ["", "x", `${header}.${claims}.`, `${none}.${claims}.`,
                     `${none}.${claims}.${signature}`,
                     `${header}.${claims}.${signature.slice(1)}A`]) {
    const curl = new Curl(sse({ token: bad }));
    assert.match(await curl.head(), /^HTTP\/1\.1 401 /, bad);
    assert.equal(await curl.until("}"), '{"error":"Not authenticated","data":null,"status":401');
  }
  assert.match(await refused(sse({ token: good })), /^HTTP\/1\.1 200 /);
});
