// Processes die in the middle of 500 runs: all complete, no result is recorded twice.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, test } from "node:test";

import { App, cleanUp, completed, Server } from "../harness.mjs";

const kRuns = 500;
afterEach(cleanUp);

// Sends the events and gives the ids of the runs, by n.
async function startRuns(server) {
  const events = Array.from({ length: kRuns }, (_, n) => ({ name: "crash/work", data: { n } }));
  const ids = await server.send(events);
  const runs = [];
  for (const id of ids) runs.push((await server.runsOf(id))[0].run_id);
  return runs;
}

// Waits for all, ten at a time: each holds a connection.
async function checkAll(server, runs) {
  let next = 0;
  await Promise.all(Array.from({ length: 10 }, async () => {
    while (next < runs.length) {
      const n = next++;
      completed(await server.ended(runs[n]), n * 6);
    }
  }));
}

// Resolves when the app has run so many steps.
function ranSteps(app, count) {
  return new Promise((resolve) => {
    const look = () => {
      if (app.count("ran") < count) return;
      app.program.waiters.delete(look);
      resolve();
    };
    app.program.waiters.add(look);
    look();
  });
}

// How often each step's body ran; more than once only where it was under way at a kill.
function bodies(...apps) {
  const counts = new Map();
  for (const app of apps) {
    for (const { data } of app.notes("ran")) {
      const name = data.join(" ");
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

test("the server is killed twice", { timeout: 120_000 }, async () => {
  let server = await Server.start({ args: ["--retry-interval", "1s"] });
  const app = await App.start("crash", server);
  const runs = await startRuns(server);
  for (const count of [300, 900]) {
    await ranSteps(app, count);
    await server.kill();
    server = await server.restart();
  }
  await checkAll(server, runs);
  assert.equal(bodies(app).size, kRuns * 4);
});

test("the app is killed", { timeout: 120_000 }, async () => {
  const server = await Server.start({ args: ["--retry-interval", "1s"] });
  const app = await App.start("crash", server);
  const runs = await startRuns(server);
  await ranSteps(app, 500);
  await app.kill();
  const again = await app.restart(server);
  await checkAll(server, runs);
  assert.equal(bodies(app, again).size, kRuns * 4);
});

test("a fetch that was under way is made again, and its run goes on", async () => {
  // The first request is never answered: its server dies.
  const asked = [];
  const web = createServer((request, response) => {
    asked.push(request.url);
    web.emit("asked");
    if (asked.length > 1) response.writeHead(200).end("here");
  });
  web.listen(0, "127.0.0.1");
  await once(web, "listening");
  try {
    let server = await Server.start({ args: ["--retry-interval", "1s"] });
    await App.start("steps", server);
    const url = `http://127.0.0.1:${web.address().port}/slow`;
    const [id] = await server.send({ name: "steps/fetch", data: { url } });
    const [{ run_id: run }] = await server.runsOf(id);
    if (asked.length === 0) await once(web, "asked");
    await server.kill();
    server = await server.restart();
    completed(await server.ended(run), { status: 200, text: "here" });
    assert.equal(asked.length, 2);
    assert.equal((await server.trace(run)).data.steps[0].kind, "Gateway");
  } finally {
    web.closeAllConnections();
    web.close();
  }
});
