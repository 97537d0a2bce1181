// What the SDKs for Python and Go say on the wire, written down from the protocol's description:
// these SDKs are not run here. The bodies are theirs to the byte, but for the app's address.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { cleanUp, completed, Server } from "../harness.mjs";
import { key, RawApp } from "../raw_app.mjs";

let server;
const apps = [];
before(async () => {
  server = await Server.start({ args: ["--retry-interval", "1s"] });
});
after(async () => {
  for (const app of apps) app.close();
  await cleanUp();
});

const python = { "x-inngest-sdk": "inngest-py:v0.5.0", "x-inngest-req-version": "2",
                 "content-type": "application/json", "server-timing": "" };
const go = { "x-inngest-sdk": "inngest-go:v0.16.0", "x-inngest-req-version": "2",
             "content-type": "application/json" };

// Names in lower case, and the URL of the runtime escaped.
const pythonFunction = (url, id) =>
  `{"id":"py-${id}","name":"${id}","steps":{"step":{"id":"step","name":"step",` +
  `"retries":{"attempts":1},"runtime":{"type":"http","url":"${url}?fnId=py-${id}&stepId=step"}}},` +
  `"triggers":[{"event":"py/${id}"}]}`;
const registerPython = (ids) => (url) =>
  `{"appname":"py","capabilities":{"in_band_sync":"v1","trust_probe":"v1"},"deploy_type":"ping",` +
  `"deployType":"ping","framework":"flask","functions":[${ids.map((id) => pythonFunction(url, id))}],` +
  `"sdk":"py:v0.5.0","url":"${url}","v":"0.1"}`;

// Null where nothing is set, one name with a capital, no type of the runtime, the step named after
// the function.
const goFunction = (url, id) =>
  `{"name":"${id}","id":"go-${id}","priority":null,"concurrency":null,"triggers":[{"event":` +
  `"go/${id}"}],"retries":1,"rateLimit":null,"batchEvents":null,"cancel":null,"debounce":null,` +
  `"timeouts":null,"throttle":null,"Singleton":null,"idempotency":null,"steps":{"step":{"id":` +
  `"step","name":"${id}","runtime":{"url":"${url}?fnId=go-${id}&step=step"},"retries":null}}}`;
const registerGo = (ids) => (url) =>
  `{"v":"1","url":"${url}","deployType":"ping","sdk":"go:v0.16.0","framework":"","appName":"go",` +
  `"functions":[${ids.map((id) => goFunction(url, id))}],"headers":{"env":"","platform":""},` +
  `"capabilities":{"in_band_sync":"v1","trust_probe":"v1","connect":"v1"}}`;

async function serve(name, register, headers, functions) {
  const app = await RawApp.start(server, name, [], (call, response) => {
    const id = call.query.fnId.slice(name.length + 1);
    const [status, body] = functions[id](call, app);
    response.writeHead(status, headers).end(body);
  }, register(Object.keys(functions)));
  apps.push(app);
  return app;
}
const has = (call, id) => Object.hasOwn(call.body.steps, key(id));

describe("Python", () => {
  let app;
  before(async () => {
    app = await serve("py", registerPython, python, {
      steps: (call) => {
        if (!has(call, "one")) {
          return [206, `[{"data":1,"displayName":"one","id":"${key("one")}","name":"one","op":` +
                       `"StepRun","opts":{},"userland":{"id":"one"}}]`];
        }
        if (!has(call, "nap")) {
          const until = new Date(Date.now() + 100).toISOString();
          return [206, `[{"displayName":"nap","id":"${key("nap")}","name":"${until}","op":"Sleep"}]`];
        }
        if (!has(call, "sent")) {
          return [206, `[{"data":["01JD0000000000000000000000"],"displayName":"sent","id":` +
                       `"${key("sent")}","name":"sent","op":"StepRun","opts":{"type":"step.sendEvent"}}]`];
        }
        return [200, JSON.stringify(Object.keys(call.body.steps).length)];
      },
      nested: () => [500, '{"code":"nested_step","message":"Nested step: inner in outer",' +
                          '"name":"NestedStepInterrupt","stack":"Traceback"}'],
    });
  });

  test("an app registers and runs: keys in lower case, sleeps as dates, lists of sent events", async () => {
    completed(await server.run("py/steps"), 3);
    const call = app.callsOf("steps").at(-1);
    assert.equal(call.body.use_api, false, "read at the top");
    assert.ok(Number.isInteger(call.body.event.ts));
    assert.match(call.text, /"ts":[0-9]+[,}]/);
    for (const name of ["attempt", "disable_immediate_execution", "run_id", "stack"]) {
      assert.ok(name in call.body.ctx, name);
    }
    assert.deepEqual(call.body.steps[key("nap")], null);
  });

  test("STP-07: the error of a step inside of a step fails the run, and says so", async () => {
    const run = await server.run("py/nested");
    assert.equal(run.status, "Failed");
    assert.equal(run.output.name, "NestedStepInterrupt");
    assert.match(run.output.message, /Nested step/);
    assert.equal(app.callsOf("nested").length, 2);
  });
});

describe("Go", () => {
  let app;
  before(async () => {
    app = await serve("go", registerGo, go, {
      steps: (call) => {
        if (!has(call, "one")) {
          return [206, `[{"op":"StepRun","id":"${key("one")}","name":"one","opts":null,"data":1,` +
                       `"displayName":"one","timing":{"a":1,"b":2},"userland":{"id":"one"}}]`];
        }
        if (!has(call, "nap")) {
          return [206, `[{"op":"Sleep","id":"${key("nap")}","name":"nap","opts":{"duration":"100ms"},` +
                       `"displayName":"nap"}]`];
        }
        if (!has(call, "wait")) {
          return [206, `[{"op":"WaitForEvent","id":"${key("wait")}","name":"wait","opts":{"event":` +
                       `"go/never","timeout":"100ms"},"displayName":"wait"}]`];
        }
        return [200, JSON.stringify(Object.values(call.body.steps))];
      },
      streamed: () => [201, '   {"status":200,"body":{"streamed":true},"headers":{"x-inngest-sdk":' +
                            '"inngest-go:v0.16.0"}}'],
      fails: (call, self) => {
        if (has(call, "bad")) return [200, JSON.stringify(call.body.steps[key("bad")])];
        const isFirst = self.callsOf("fails").length === 1;
        return [206, `[{"op":"${isFirst ? "StepError" : "StepFailed"}","id":"${key("bad")}","name":` +
                     `"bad","opts":null,"data":null,"error":{"name":"${isFirst ? "Step error"
                     : "Step failed"}","message":"no","data":{"partial":1}},"displayName":"bad"}]`];
      },
      large: (call) => {
        const done = Object.keys(call.body.steps).length;
        if (done === 4) return [200, JSON.stringify(call.body.use_api)];
        return [206, JSON.stringify([{ op: "StepRun", id: key(`${done}`), name: `${done}`,
                                       data: "x".repeat(1_500_000) }])];
      },
    });
  });

  test("an app registers and runs: nulls, durations and events in the options", async () => {
    completed(await server.run("go/steps"), [{ data: 1 }, null, null]);
    const { query } = app.callsOf("steps").at(-1);
    assert.deepEqual(query, { fnId: "go-steps", step: "step", stepId: "step" });
  });

  test("a streamed answer holds its body as JSON, not as text", async () => {
    completed(await server.run("go/streamed"), { streamed: true });
  });

  test("a step's error keeps the value that the function had returned", async () => {
    const run = await server.run("go/fails");
    assert.equal(run.status, "Completed", JSON.stringify(run));
    assert.deepEqual(run.output.error.data, { partial: 1 });
    assert.equal(app.callsOf("fails").length, 3);
  });

  test("a large state is in the call: this SDK does not ask for it", async () => {
    completed(await server.run("go/large"), false);
    assert.ok(app.callsOf("large").at(-1).text.length > 6_000_000);
  });
});
