// Packages that build upon the SDK: the encryption middleware, and agents of AgentKit.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { App, cleanUp, completed, Server } from "../harness.mjs";

after(cleanUp);

describe("encryption middleware", () => {
  let server, app;
  before(async () => {
    server = await Server.start();
    app = await App.start("secrets", server);
  });

  test("the server keeps what it cannot read, and the functions read it when they go on", async () => {
    const sender = await server.run("secrets/begin", { id: "one" });
    assert.equal(sender.status, "Completed", JSON.stringify(sender));
    const { data: events } = await server.get("/v1/events?name=secrets/keep");
    const [{ run_id: id }] = await server.runsOf(events[0].internal_id);
    const run = await server.ended(id);
    assert.equal(run.status, "Completed", JSON.stringify(run));
    assert.deepEqual(app.notes("kept").map(({ data }) => data), ["4111-hidden"]);

    assert.equal(events[0].data.open, "seen");
    const { data: trace } = await server.trace(id);
    assert.deepEqual(trace.steps.map(({ id: step }) => step), ["read", "pause", "again"]);
    for (const kept of [run, events, trace]) {
      assert.ok(!JSON.stringify(kept).includes("4111-hidden"), JSON.stringify(kept));
    }
  });
});

describe("AgentKit", () => {
  let server, app, model;
  const asked = [];
  before(async () => {
    // A model that first makes the agent talk, and then has it use its tool.
    model = createServer((request, response) => {
      let text = "";
      request.on("data", (piece) => { text += piece; });
      request.on("end", () => {
        asked.push({ headers: request.headers, url: request.url, body: JSON.parse(text) });
        const call = { id: "call-1", type: "function",
                       function: { name: "done", arguments: '{"answer":"forty-two"}' } };
        const message = asked.length === 1
          ? { role: "assistant", content: "let me think" }
          : { role: "assistant", content: null, tool_calls: [call] };
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({
          id: "answer", object: "chat.completion", created: 0, model: "mock",
          choices: [{ index: 0, message, finish_reason: message.tool_calls ? "tool_calls" : "stop" }],
        }));
      });
    });
    model.listen(0, "127.0.0.1");
    await once(model, "listening");
    server = await Server.start({ args: ["--retry-interval", "1s"] });
    app = await App.start("agents", server);
  });
  after(() => model.close());

  test("an agent's inferences are steps, asked by the server once each", async () => {
    completed(await server.run("agents/ask", {
      url: `http://127.0.0.1:${model.address().port}/v1`, question: "what is it?" }), "forty-two");
    assert.equal(asked.length, 2);
    assert.equal(asked[0].headers.authorization, "Bearer model-key");
    assert.match(asked[0].url, /chat\/completions$/);
    assert.match(JSON.stringify(asked[1].body.messages), /let me think/);
    // The tool makes no steps of its own: it runs each time the function is entered.
    assert.ok(app.count("told") > 0);
  });
});
