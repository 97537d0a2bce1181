// The examples in TypeScript: their types, and their page in Chromium, which streams what runs do.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { cleanUp, Program, Server, version } from "../harness.mjs";
import { Browser } from "./browser.mjs";

const examples = path.join(import.meta.dirname, "../../../examples/typescript");
const bin = path.join(examples, "node_modules/.bin");
let server, browser, page;

// They are written for version 4, and bring it along.
if (version === 4) {
  before(async () => {
    server = await Server.start();
    const app = new Program("the examples", path.join(bin, "node"),
      ["--disable-warning=ExperimentalWarning", path.join(examples, "src/main.ts")],
      { ...server.appEnvironment(), PORT: "0" });
    const [, url] = await app.line(/open (http:.*)/);
    const response = await fetch(`${url}/api/inngest`, { method: "PUT" });
    assert.equal(response.status, 200, await response.text());
    browser = await Browser.start();
    page = await browser.open(url);
    await page.loaded();
  });
  after(async () => {
    await browser?.close();
    await cleanUp();
  });

  // Clicks, and waits until the list's text fits.
  const click = (selector) => page.evaluate(
    `document.querySelector(${JSON.stringify(selector)}).click()`);
  const shows = (list, pattern) => page.evaluate(`new Promise((resolve) => {
    const element = document.querySelector('${list}');
    const look = () => ${pattern}.test(element.innerText) && resolve(element.innerText);
    new MutationObserver(look).observe(element, { childList: true });
    look();
  })`);

  test("their types fit", async () => {
    const compiler = path.join(examples, "node_modules/typescript/bin/tsc");
    await promisify(execFile)(path.join(bin, "node"), [compiler], { cwd: examples });
  });

  test("the progress of one run", async () => {
    await page.evaluate("document.querySelector('#rows').value = 200");
    await click("#import");
    const lines = (await shows("#import-log", /100 %/)).split("\n");
    assert.equal(lines.length, 20);
    assert.equal(lines[0], "5 %: cities.csv: 10 rows");
  });

  test("many runs on several channels", async () => {
    await click("[data-post='123']");
    await shows("#global", /liking post 123[^]*liked post 123/);
    await shows("#post", /updated: \{"id":"123","likes":1\}/);
    await click("[data-post='666']");
    await shows("#global", /liking post 666/);
    await shows("#post", /deleted: \{"id":"666","reason":"the post is gone"\}/);
  });

  test("a human in the loop", async () => {
    await click("#start");
    await shows("#workflow", /Proceed with: clean up\?/);
    await click("#workflow button");
    await shows("#workflow", /done: clean up/);
  });
}
