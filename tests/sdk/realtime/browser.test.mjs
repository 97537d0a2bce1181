// A React page with the SDK's hook, in Chromium, on the real server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { App, cleanUp, Server, version } from "../harness.mjs";
import { Browser } from "./browser.mjs";
import { kApp, Wire } from "./listener.mjs";
import { Site } from "./site.mjs";

const signingKey = `signkey-test-${"0123456789abcdef".repeat(4)}`;
const env = { STEPWELL_SIGNING_KEY: signingKey, STEPWELL_EVENT_KEY: "event-key" };

let server, wire, site, browser;
before(async () => {
  site = await Site.start();
  // With keys, only pages of the app's origin may connect. Without replay a page hears only what
  // its token reaches.
  server = await Server.start({ mode: "serve", env, args: ["--retry-interval", "1s",
    "--channel-replay", "0", "--allow-private-sdk-urls", "--allow-origin", site.url] });
  wire = await Wire.to(server);
  await site.show({ server, signingKey, wire });
  browser = await Browser.start();
});
after(async () => {
  await browser?.close();
  site?.close();
  wire?.close();
  await cleanUp();
});

function show(channel, topic, origin = site.url) {
  return browser.open(`${origin}/?${new URLSearchParams({ channel, topic })}`);
}
async function publish(channel, topic, text) {
  const query = new URLSearchParams({ channel, topic });
  const response = await fetch(`${server.url}/v1/realtime/publish?${query}`, {
    method: "POST", headers: server.headers, body: JSON.stringify(text) });
  assert.equal(response.status, 200);
}

const isActive = ({ state }) => state === "active";
const isRefreshing = ({ state }) => state === "refresh_token";
const isAway = ({ state }) => state !== "active";
const shows = (...texts) => ({ data }) => data.length === texts.length &&
  data.every((text, place) => text === texts[place]);
const items = (page) => page.evaluate(
  "[...document.querySelectorAll('li')].map((item) => item.innerText)");

test("a page shows messages as they come, and goes on after the server was killed", async () => {
  const page = await show("news", "lines");
  await page.until(isActive);
  await publish("news", "lines", "one");
  await publish("news", "other", "unheard");
  await publish("news", "lines", "two");
  await page.until(shows("one", "two"));
  assert.deepEqual(await items(page), ["one", "two"]);

  await server.kill();
  await page.until(isAway);
  server = await server.restart();
  await page.until(isActive);
  await publish("news", "lines", "three");
  await page.until(shows("one", "two", "three"));
  assert.deepEqual(await items(page), ["one", "two", "three"]);
});

// The hook of version 3 comes again with its token, and loses nothing: what it had just before may
// come twice. That of version 4 has a new one made, and hears what was published since then.
test("a page whose connection is cut hears what its token reaches", async () => {
  const page = await show("cut", "lines");
  await page.until(isActive);
  await publish("cut", "lines", "before");
  await page.until(shows("before"));

  const tokens = site.holdTokens();
  wire.cut();
  await page.until(isAway);
  if (version === 4) await tokens.asked;
  await publish("cut", "lines", "while it was away");
  tokens.release();
  await page.until(isActive);
  await publish("cut", "lines", "after");
  if (version === 4) return page.until(shows("before", "after"));
  const once = shows("before", "while it was away", "after");
  const twice = shows("before", "before", "while it was away", "after");
  await page.until((report) => once(report) || twice(report));
});

test("a page of another origin is not let in", async () => {
  const other = await show("news", "lines", site.url.replace("127.0.0.1", "localhost"));
  // Version 3 asks for a token again and again, version 4 says what is wrong.
  if (version === 4) await other.until(({ state }) => state === "error");
  else for (let asked = 0; asked < 3; ++asked) await other.until(isRefreshing);
  assert.ok(!other.reports.some(isActive));
});

async function knowsHowARunEnds() {
  await App.start("realtime", server, kApp);
  const [id] = await server.send({ name: "hello-world/hello", data: { uuid: "x", twice: true } });
  const [{ run_id: run }] = await server.runsOf(id);
  const page = await show(run, "$run");
  await page.until(isActive);
  await server.send({ name: "hello-world/go-on" });
  const { runStatus, state } = await page.until((report) => report.runStatus === "completed" &&
    report.state === "closed");
  assert.deepEqual([runStatus, state], ["completed", "closed"]);
}
if (version === 4) test("the hook of version 4 knows how a run ends", knowsHowARunEnds);
