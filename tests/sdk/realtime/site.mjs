// The backend of an app with a page: its script, and tokens for it.
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";

import { build } from "esbuild";

import { version } from "../harness.mjs";
import { client } from "./listener.mjs";

export class Site {
  static async start() {
    const site = new Site();
    site.listener = createServer((request, response) => site.answer(request, response));
    site.listener.listen(0, "127.0.0.1");
    await once(site.listener, "listening");
    site.url = `http://127.0.0.1:${site.listener.address().port}`;
    return site;
  }

  // The page of the version under test, for a server that pages reach by a wire.
  async show({ server, signingKey, wire }) {
    Object.assign(this, { server: { url: server.url, signingKey }, wire });
    const { outputFiles: [script] } = await build({
      entryPoints: [path.join(import.meta.dirname, `../v${version}/realtime/page.jsx`)],
      bundle: true, write: false, format: "iife", jsx: "automatic", logLevel: "error",
      define: { "process.env": `{"NODE_ENV":"production","INNGEST_BASE_URL":"${wire.url}"}` } });
    this.script = script.text;
  }

  async answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.url);
    if (pathname === "/page.js") return response.end(this.script);
    if (pathname !== "/token") {
      response.setHeader("content-type", "text/html");
      return response.end('<!doctype html><div id="root"></div><script src="/page.js"></script>');
    }
    this.hold?.ask();
    await this.hold?.released;
    const options = { channel: searchParams.get("channel"), topics: searchParams.getAll("topic") };
    try {
      const token = await client.backend(this.server).pageToken(options);
      // Version 4 says to the page where the server is.
      response.end(JSON.stringify({ ...token, apiBaseUrl: this.wire.url }));
    } catch {
      response.writeHead(503).end();
    }
  }

  // From now on tokens wait for `release()`; `asked` resolves when one does.
  holdTokens() {
    const hold = {};
    const asked = new Promise((resolve) => { hold.ask = resolve; });
    hold.released = new Promise((resolve) => { hold.release = resolve; });
    this.hold = hold;
    return { asked, release: () => { this.hold = undefined; hold.release(); } };
  }
  close() {
    this.listener.close();
    this.listener.closeAllConnections();
  }
}
