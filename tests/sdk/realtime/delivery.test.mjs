// What subscribers of the SDK's own client hear, and in which order (API-17).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { App, cleanUp, completed, Server, version } from "../harness.mjs";
import { client, kApp, listen, Listener, Wire } from "./listener.mjs";

const { countChannel, helloChannel } = client;
let server, app;
before(async () => {
  server = await Server.start({ args: ["--retry-interval", "1s"] });
  app = await App.start("realtime", server, kApp);
});
after(cleanUp);

const dataOf = (messages) => messages.map(({ data }) => data);
const oneTo = (count) => Array.from({ length: count }, (_, n) => n + 1);

// Publishes without an SDK.
async function publish(channel, topic, body, type = "application/json") {
  const query = new URLSearchParams({ channel, topic });
  const response = await fetch(`${server.url}/v1/realtime/publish?${query}`, {
    method: "POST", headers: { "content-type": type }, body });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "");
}

test("API-17: messages come in the order in which a run publishes them, once each", async () => {
  const options = { channel: countChannel("counted"), topics: ["numbers", "words"] };
  const listeners = [await listen(server, options), await listen(server, options)];
  const run = await server.run("realtime/count", { channel: "counted", to: 100 });
  assert.equal(run.status, "Completed", JSON.stringify(run));
  for (const listener of listeners) {
    const messages = await listener.take(101);
    assert.deepEqual(dataOf(messages), [...oneTo(100), "done"]);
    assert.ok(messages.every(({ runId }) => runId === run.run_id));
  }
  // A second run's messages are next: none came twice.
  await publish("counted", "words", "the end");
  for (const listener of listeners) assert.equal((await listener.next()).data, "the end");
});

test("a subscription hears its topics of its channel, and no others", async () => {
  const listener = await listen(server, { channel: countChannel("mine"), topics: ["words"] });
  await publish("mine", "numbers", "1");
  await publish("other", "words", '"other"');
  await publish("mine", "words", '"mine"');
  assert.equal((await listener.next()).data, "mine");
});

test("names with colons, slashes, spaces and letters of the world", async () => {
  for (const name of ["post:1/2 3", "ключ ☃", "a&topic=b#c?d%20e"]) {
    const listener = await listen(server, { channel: countChannel(name), topics: ["words"] });
    const run = await server.run("realtime/say", { channel: name, values: ["here"] });
    const message = await listener.next();
    assert.deepEqual([message.channel, message.data, message.runId], [name, "here", run.run_id]);
  }
});

test("values arrive as the SDK writes them: texts that are JSON as what they say", async () => {
  const listener = await listen(server, { channel: countChannel("odd"), topics: ["words"] });
  const values = ["text", "", "42", "true", '{"a":1}', "\"quoted\"", "ü\u2028😀\\\"",
                  { deep: [1, { x: null }] }, [1, "2"], 1.5, false, "12345678901234567890"];
  await server.run("realtime/say", { channel: "odd", values });
  const [text, empty, number, truth, object, quoted, ...rest] =
    dataOf(await listener.take(values.length));
  assert.deepEqual([text, empty, number, truth, object, quoted],
    ["text", "", 42, true, { a: 1 }, "quoted"]);
  assert.deepEqual(rest.slice(0, 5), values.slice(6, 11));
  assert.equal(rest[5], Number(values[11]));
});

test("null arrives, as the clients show it", async () => {
  const listener = await listen(server, { channel: countChannel("null"), topics: ["words"] });
  await server.run("realtime/say", { channel: "null", values: [null, "next"] });
  assert.deepEqual(dataOf(await listener.take(2)), [undefined, "next"]);
});

test("a message that is too large fails its step, and is not cut", async () => {
  const listener = await listen(server, { channel: countChannel("large"), topics: ["words"] });
  const large = "x".repeat(500 * 1024);
  const fits = await server.run("realtime/say", { channel: "large", values: [large] });
  assert.equal(fits.status, "Completed", fits.output?.message);
  const run = await server.run("realtime/say", { channel: "large", values: [large + large] });
  assert.equal(run.status, "Failed");
  await publish("large", "words", "next");
  assert.deepEqual(dataOf(await listener.take(2)), [large, "next"]);
});

test("a callback is called with each message", async () => {
  const heard = [];
  const options = { channel: countChannel("called"), topics: ["numbers", "words"] };
  await new Promise((resolve, reject) => {
    client.backend(server).subscribe(options, ({ data }) => {
      heard.push(data);
      if (data === "done") resolve();
    }).then(() => server.run("realtime/count", { channel: "called", to: 3 })).catch(reject);
  });
  assert.deepEqual(heard, [1, 2, 3, "done"]);
});

test("a ReadableStream arrives piece by piece, with no character cut", async () => {
  const listener = await listen(server, { channel: countChannel("story"), topics: ["words"] });
  const text = "Ünïcödé ☃ 😀. ".repeat(2000);
  const run = await server.run("realtime/say", { channel: "story", text, values: ["before"] });
  assert.equal(run.status, "Completed", JSON.stringify(run));
  assert.equal((await listener.next()).data, "before");
  let heard = "";
  while (heard.length < text.length) {
    const message = await listener.next();
    assert.equal(message.kind, "data");
    heard += message.data;
  }
  assert.equal(heard, text);
});

test("a token of a backend lets a subscriber in that has nothing else", async () => {
  const token = await client.backend(server).token({ channel: "mine too", topics: ["words"] });
  assert.match(token.key, /^[\w-]+\.[\w-]+\.[\w-]+$/);
  const listener = new Listener(await client.subscribeWithToken(server.url, token));
  await publish("mine too", "words", "hello");
  assert.equal((await listener.next()).data, "hello");
});

test("a subscriber whose connection is cut loses nothing with its token", async (t) => {
  const wire = await Wire.to(server);
  t.after(() => wire.close());
  const token = await client.backend(server).token({ channel: "resumed", topics: ["words"] });
  const first = new Listener(await client.subscribeWithToken(wire.url, token));
  await publish("resumed", "words", "one");
  await publish("resumed", "words", "two");
  assert.deepEqual(dataOf(await first.take(2)), ["one", "two"]);
  wire.cut();
  assert.deepEqual(await first.rest(), []);
  await publish("resumed", "words", "three");
  const second = new Listener(await client.subscribeWithToken(wire.url, token));
  await publish("resumed", "words", "four");
  // What it read just before the cut may come again.
  const words = [(await second.next()).data];
  while (words.at(-1) !== "four") words.push((await second.next()).data);
  assert.ok(words.length >= 2);
  assert.deepEqual(words, ["one", "two", "three", "four"].slice(-words.length));
});

test("what was published between the token and the connection is heard", async () => {
  const token = await client.backend(server).token({ channel: "late", topics: ["words"] });
  await publish("late", "words", "between");
  const listener = new Listener(await client.subscribeWithToken(server.url, token));
  assert.equal((await listener.next()).data, "between");
});

test("$run says how a run ends to subscribers of version 4; version 3 passes over it", async () => {
  const uuid = "a-run";
  const [id] = await server.send({ name: "hello-world/hello", data: { uuid, twice: true } });
  const [{ run_id: run }] = await server.runsOf(id);
  const listener = await listen(server, { channel: run, topics: ["$run", "words"] });
  await server.send({ name: "hello-world/go-on" });
  completed(await server.ended(run), null);
  await publish(run, "words", "last");
  const messages = [await listener.next()];
  while (messages.at(-1).kind !== "data") messages.push(await listener.next());
  const statuses = messages.filter(({ kind }) => kind === "run").map(({ data }) => data.status);
  assert.deepEqual(statuses, version === 3 ? [] : ["running", "completed"]);
});

test("when the server stops, subscriptions end", async () => {
  const other = await Server.start();
  const listener = await listen(other, { channel: helloChannel("x"), topics: ["logs"] });
  await other.kill("SIGTERM");
  assert.deepEqual(await listener.rest(), []);
});
