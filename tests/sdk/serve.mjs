// Serves the functions of apps/NAME.mjs with Express, Hono or Node's own server, as HOST says. Each
// major version of the SDK brings its own `inngest` and calls this in a process of its own;
// `sdk.load` gives further packages as that version has them.
import { createServer } from "node:http";
import { Readable } from "node:stream";

import express from "express";
import { Hono } from "hono";

const hosts = {
  express: (serve, options) => {
    const app = express();
    app.use(express.json({ limit: "8mb" }));
    app.use("/api/inngest", serve(options));
    return createServer(app);
  },
  node: (serve, options) => createServer(serve(options)),
  // As a platform runs it: requests come with bindings of the environment.
  hono: (serve, options) => {
    const app = new Hono();
    app.on(["GET", "PUT", "POST"], "/api/inngest", serve(options));
    return createServer(async (request, response) => {
      const hasBody = request.method !== "GET" && request.method !== "HEAD";
      const answer = await app.fetch(
        new Request(`http://${request.headers.host}${request.url}`, {
          method: request.method, headers: request.headers, duplex: "half",
          body: hasBody ? Readable.toWeb(request) : undefined }),
        { GREETING: "bound" });
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
  },
};

export async function serveApp({ sdk, serve, name }) {
  const { default: define, middleware } = await import(`./apps/${name}.mjs`);
  const client = new sdk.Inngest({ id: name, ...(middleware && { middleware: await middleware(sdk) }) });
  const note = (kind, data) => console.log(JSON.stringify({ note: { kind, data } }));
  const functions = await define({ ...sdk, client, note, create: creator(client, sdk) });
  const host = process.env.HOST ?? "express";
  const listener = hosts[host](serve[host], { client, functions });
  listener.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
    console.log(`listening ${listener.address().port}`);
  });
}

// create({id, on, ...options}, handler) in the words of either version: triggers are an argument of
// their own in version 3 and an option in version 4.
function creator(client, sdk) {
  return ({ on, ...options }, handler) => {
    const triggers = (Array.isArray(on) ? on : [on])
      .map((trigger) => (typeof trigger === "string" ? { event: trigger } : trigger));
    return sdk.isThird
      ? client.createFunction(options, triggers, handler)
      : client.createFunction({ ...options, triggers }, handler);
  };
}
