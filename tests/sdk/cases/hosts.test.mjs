// The same app served in three ways, and patterns of the SDK's documentation.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { App, cleanUp, completed, Server } from "../harness.mjs";

for (const [host, word] of [["hono", "bound"], ["node", "unbound"], ["express", "unbound"]]) {
  describe(host, () => {
    let server;
    before(async () => {
      server = await Server.start();
      await App.start("bindings", server, { env: { HOST: host } });
    });
    after(cleanUp);

    test("bindings of the environment reach the function, also when it is entered again", async () => {
      completed(await server.run("bindings/greet"), { before: word, after: word });
    });

    test("the email sequence goes on with what the person did", async () => {
      const [id] = await server.send({ name: "bindings/signed.up", data: { user: "u1" } });
      const [{ run_id: run }] = await server.runsOf(id);
      await server.send([{ name: "bindings/mail.opened", data: { user: "u2" } },
                         { name: "bindings/mail.opened", data: { user: "u1" } }]);
      completed(await server.ended(run), "u1");
      const names = (await server.trace(run)).data.steps.map((step) => step.id);
      assert.deepEqual(names, ["welcome", "opened", "tips"]);
    });

    test("a person who decides before the function asks is heard", async () => {
      const [id] = await server.send([
        { name: "bindings/requested", data: { request: 7 } },
        { name: "bindings/decided", data: { request: 7, approved: false } }]);
      const [{ run_id: run }] = await server.runsOf(id);
      completed(await server.ended(run), "declined");
    });
  });
}
