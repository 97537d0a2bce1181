// Headless Chromium, driven by its own protocol over a pipe.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export class Browser {
  static async start() {
    const browser = new Browser();
    browser.folder = mkdtempSync(path.join(tmpdir(), "stepwell-browser-"));
    browser.child = spawn("chromium",
      ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
       "--disable-background-networking", "--disable-extensions", "--remote-debugging-pipe",
       `--user-data-dir=${browser.folder}`, "about:blank"],
      { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    browser.ended = once(browser.child, "exit").catch((error) => error);
    browser.calls = new Map();
    browser.listeners = new Set();
    browser.child.stdio[3].on("error", () => {});
    browser.listen();
    await browser.call("Browser.getVersion");
    return browser;
  }

  // Messages of the protocol end with a zero byte.
  async listen() {
    let text = "";
    for await (const part of this.child.stdio[4].setEncoding("utf8")) {
      text += part;
      const messages = text.split("\0");
      text = messages.pop();
      for (const message of messages) this.take(JSON.parse(message));
    }
    const error = new Error("the browser has ended");
    for (const { reject } of this.calls.values()) reject(error);
  }
  take({ id, result, error, ...event }) {
    if (id === undefined) return this.listeners.forEach((listener) => listener(event));
    const call = this.calls.get(id);
    this.calls.delete(id);
    if (error) call.reject(new Error(`${call.method}: ${error.message}`));
    else call.resolve(result);
  }
  call(method, params = {}, sessionId = undefined) {
    const id = this.lastId = (this.lastId ?? 0) + 1;
    this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.calls.set(id, { method, resolve, reject }));
  }

  // Opens a page; what its scripts hand to `report(text)` is kept, in order.
  async open(url) {
    const { targetId } = await this.call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.call("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId);
    for (const method of ["Runtime.enable", "Page.enable"]) await page.call(method);
    await page.call("Runtime.addBinding", { name: "report" });
    await page.call("Page.navigate", { url });
    return page;
  }

  // Its processes end in order, so that none writes into the folder any more.
  async close() {
    await this.call("Browser.close").catch(() => this.child.kill("SIGKILL"));
    await this.ended;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

class Page {
  constructor(browser, sessionId) {
    Object.assign(this, { browser, sessionId, reports: [], waiters: new Set() });
    browser.listeners.add((event) => {
      if (event.sessionId !== sessionId) return;
      if (event.method === "Runtime.exceptionThrown") {
        console.error(event.params.exceptionDetails.exception?.description);
      }
      if (event.method !== "Runtime.bindingCalled") return;
      this.reports.push(JSON.parse(event.params.payload));
      for (const waiter of this.waiters) waiter();
    });
  }

  call(method, params) {
    return this.browser.call(method, params, this.sessionId);
  }

  // The first report, of those that are there or to come, that fits; later calls look behind it.
  until(fits) {
    return new Promise((resolve) => {
      const waiter = () => {
        const at = this.reports.findIndex(fits);
        if (at === -1) return;
        this.waiters.delete(waiter);
        resolve(this.reports.splice(0, at + 1).at(-1));
      };
      this.waiters.add(waiter);
      waiter();
    });
  }

  // Resolves when the page's own scripts have run.
  loaded() {
    return this.evaluate(`new Promise((resolve) => (document.readyState === "complete"
      ? resolve() : addEventListener("load", () => resolve())))`);
  }

  // The value of an expression in the page; a promise is awaited.
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate",
      { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description);
    return result.value;
  }
}
