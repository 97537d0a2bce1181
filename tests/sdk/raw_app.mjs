// An app that answers exactly what a test says, right or wrong, where no SDK would.
import { once } from "node:events";
import { createServer } from "node:http";
import { createHash } from "node:crypto";

export const key = (id) => createHash("sha1").update(id).digest("hex");
export const sdkHeaders = {
  "x-inngest-sdk": "inngest-js:v4.24.0",
  "x-inngest-req-version": "2",
  "content-type": "application/json",
};

export class RawApp {
  // `answer(call, response)` gets {query, headers, body} of each call, and node's response.
  // Functions are {id, on, retries?, …}; `register` makes the body of the registration of another
  // SDK, given the app's URL.
  static async start(server, name, functions, answer, register = typescript(name, functions)) {
    const app = new RawApp();
    app.calls = [];
    app.listener = createServer((request, response) => {
      let text = "";
      request.on("data", (piece) => { text += piece; });
      request.on("end", () => {
        // The server asks again and again whether it has changed.
        if (request.method === "PUT") return response.writeHead(200, sdkHeaders).end("{}");
        const url = new URL(request.url, "http://app");
        const call = { path: url.pathname, query: Object.fromEntries(url.searchParams),
                       headers: request.headers, text, body: JSON.parse(text || "null") };
        app.calls.push(call);
        answer(call, response);
      });
    });
    app.listener.listen(0, "127.0.0.1");
    await once(app.listener, "listening");
    app.url = `http://127.0.0.1:${app.listener.address().port}/api`;
    const response = await fetch(`${server.url}/fn/register`, {
      method: "POST",
      headers: { "content-type": "application/json", ...server.headers },
      body: register(app.url),
    });
    if (response.status !== 200) throw new Error(`not registered: ${await response.text()}`);
    return app;
  }
  callsOf(id) {
    return this.calls.filter(({ query }) => query.fnId?.endsWith(`-${id}`));
  }
  close() {
    this.listener.closeAllConnections();
    this.listener.close();
  }
}

function typescript(name, functions) {
  return (url) => JSON.stringify({
    url, deployType: "ping", framework: "raw", appName: name, sdk: "js:v4.24.0", v: "0.1",
    functions: functions.map(({ id, on, retries, ...more }) => ({
      id: `${name}-${id}`, name: id, triggers: [{ event: on }],
      steps: { step: { id: "step", name: "step",
        runtime: { type: "http", url: `${url}?fnId=${name}-${id}&stepId=step` },
        ...(retries === undefined ? {} : { retries: { attempts: retries } }) } },
      ...more })),
  });
}

// Answers with ops, or with the function's result.
export function ops(response, list) {
  response.writeHead(206, sdkHeaders).end(JSON.stringify(list));
}
export function result(response, value) {
  response.writeHead(200, sdkHeaders).end(JSON.stringify(value));
}
