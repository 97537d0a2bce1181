// Realtime in serve mode: backends have the signing key, subscribers a token, pages an origin.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { App, cleanUp, Server, version } from "../harness.mjs";
import { client, kApp, listen, Listener } from "./listener.mjs";

const signingKey = `signkey-test-${"0123456789abcdef".repeat(4)}`;
const env = { STEPWELL_SIGNING_KEY: signingKey, STEPWELL_EVENT_KEY: "event-key" };
let server;
before(async () => {
  server = await Server.start({ mode: "serve", env,
    args: ["--allow-private-sdk-urls", "--retry-interval", "1s"] });
  await App.start("realtime", server, kApp);
});
after(cleanUp);

const words = (name) => ({ channel: client.countChannel(name), topics: ["words"] });
const backend = () => ({ url: server.url, signingKey });

test("a run publishes with its signing key, a backend subscribes with it", async () => {
  const listener = await listen(backend(), words("signed"));
  const run = await server.run("realtime/say", { channel: "signed", values: ["with a key"] });
  assert.equal(run.status, "Completed", JSON.stringify(run));
  assert.equal((await listener.next()).data, "with a key");
});

test("a page subscribes with a backend's token, and with that alone", async () => {
  const token = await client.backend(backend()).token({ channel: "paged", topics: ["words"] });
  const listener = new Listener(await client.subscribeWithToken(server.url, token));
  await server.run("realtime/say", { channel: "paged", values: ["hello"] });
  assert.equal((await listener.next()).data, "hello");
});

test("the token of a page makes no further tokens and publishes nothing", async () => {
  const { key } = await client.backend(backend()).token({ channel: "paged", topics: ["words"] });
  for (const route of ["token", "publish?channel=paged&topic=words"]) {
    const response = await fetch(`${server.url}/v1/realtime/${route}`, {
      method: "POST", headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify([{ channel: "paged", name: "words" }]) });
    assert.equal(response.status, 401, route);
  }
});

test("without the key, or with another one, there is no token", async () => {
  const other = { url: server.url, signingKey: `signkey-test-${"f".repeat(64)}` };
  await assert.rejects(listen(other, words("signed")));
  const response = await fetch(`${server.url}/v1/realtime/token`, {
    method: "POST", body: JSON.stringify([{ channel: "signed", name: "words" }]) });
  assert.equal(response.status, 401);
});

test("the key as it is and its hash are the same login", async () => {
  // @inngest/realtime asks with the key itself, `inngest` with its hash.
  const seen = [];
  const fetchNow = globalThis.fetch;
  globalThis.fetch = (...args) => {
    const headers = new Headers(args[1]?.headers ?? args[0]?.headers);
    seen.push(headers.get("authorization"));
    return fetchNow(...args);
  };
  try {
    await listen(backend(), words("signed"));
  } finally {
    globalThis.fetch = fetchNow;
  }
  assert.equal(seen.includes(`Bearer ${signingKey}`), version === 3, `${seen}`);
});

test("with nothing to go by, a subscriber is refused", async () => {
  const token = { channel: "signed", topics: ["words"], key: "not.a.token" };
  await assert.rejects(async () => client.subscribeWithToken(server.url, token));
});
