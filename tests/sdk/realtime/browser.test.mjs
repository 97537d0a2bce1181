// A React page with the SDK's hook, in Chromium, on the real server.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";

import { build } from "esbuild";

import { App, cleanUp, Server, version } from "../harness.mjs";
import { Browser } from "./browser.mjs";
import { client, kApp, Wire } from "./listener.mjs";

let server, wire, site, browser;
before(async () => {
  // Without replay a page hears only what its token reaches.
  server = await Server.start({ args: ["--retry-interval", "1s", "--channel-replay", "0"] });
  wire = await Wire.to(server);
  site = await Site.start(wire);
  browser = await Browser.start();
});
after(async () => {
  await browser?.close();
  site?.close();
  wire?.close();
  await cleanUp();
});

// The app's own backend: the page, its script, and tokens for it. While `isHeld`, tokens wait.
class Site {
  static async start({ url }) {
    const site = new Site();
    const bundle = await build({
      entryPoints: [path.join(import.meta.dirname, `../v${version}/realtime/page.jsx`)],
      bundle: true, write: false, format: "iife", jsx: "automatic", logLevel: "error",
      define: { "process.env": `{"NODE_ENV":"production","INNGEST_BASE_URL":"${url}"}` } });
    site.script = bundle.outputFiles[0].text;
    site.requests = 0;
    site.listener = createServer((request, response) => site.answer(request, response));
    site.listener.listen(0, "127.0.0.1");
    await once(site.listener, "listening");
    site.url = `http://127.0.0.1:${site.listener.address().port}`;
    return site;
  }

  async answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.url);
    if (pathname === "/page.js") return response.end(this.script);
    if (pathname !== "/token") {
      response.setHeader("content-type", "text/html");
      return response.end('<!doctype html><div id="root"></div><script src="/page.js"></script>');
    }
    this.hold?.asked();
    await this.hold?.released;
    const options = { channel: searchParams.get("channel"), topics: searchParams.getAll("topic") };
    try {
      const token = await client.backend(server).token(options);
      // Version 4 says to the page where the server is.
      response.end(JSON.stringify({ ...token, apiBaseUrl: wire.url }));
    } catch {
      response.writeHead(503).end();
    }
  }

  // From now on tokens wait for `release()`; `asked` resolves when one does.
  holdTokens() {
    const hold = {};
    const asked = new Promise((resolve) => { hold.asked = resolve; });
    hold.released = new Promise((resolve) => { hold.release = resolve; });
    this.hold = hold;
    return { asked, release: () => { this.hold = undefined; hold.release(); } };
  }
  close() {
    this.listener.close();
    this.listener.closeAllConnections();
  }
}

function show(channel, ...topics) {
  const query = new URLSearchParams([["channel", channel], ...topics.map((t) => ["topic", t])]);
  return browser.open(`${site.url}/?${query}`);
}
async function publish(channel, topic, text) {
  const query = new URLSearchParams({ channel, topic });
  const response = await fetch(`${server.url}/v1/realtime/publish?${query}`, {
    method: "POST", body: JSON.stringify(text) });
  assert.equal(response.status, 200);
}

const isActive = ({ state }) => state === "active";
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

// The hook of version 3 comes again with its token, and goes on where it was; that of version 4 has
// a new one made, and hears what was published since then.
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
  await page.until(version === 4
    ? shows("before", "after") : shows("before", "while it was away", "after"));
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
