// What steps promise at their edges.
export default ({ create, note, referenceFunction, isThird }) => [
  create({ id: "odd ids", on: "steps/odd" }, async ({ step }) => {
    const ids = ["a b", "ü/😀", "quote\"s", "", "x".repeat(500), "<script>"];
    const out = [];
    for (const id of ids) out.push(await step.run(id || "empty", () => id));
    return out;
  }),
  create({ id: "loop", on: "steps/loop" }, async ({ step }) => {
    const out = [];
    for (let i = 0; i < 4; ++i) {
      out.push(await step.run("same", () => { note("same"); return i; }));
      await step.sleep("pause", "1ms");
    }
    return out;
  }),
  create({ id: "order", on: "steps/order" }, async ({ step, event }) => {
    const ids = ["one", "two"];
    globalThis.orderCalls = (globalThis.orderCalls ?? 0) + 1;
    if (globalThis.orderCalls > 1) ids.reverse();
    const out = {};
    for (const id of ids) {
      out[id] = await step.run(id, () => { note("order", id); return id; });
      await step.sleep(`after ${id}`, "10ms");
    }
    return out;
  }),
  create({ id: "zero", on: "steps/zero" }, async ({ step }) => {
    await step.sleep("none", 0);
    await step.sleepUntil("past", new Date(0));
    return "on";
  }),
  create({ id: "short", on: "steps/short" }, async ({ step }) => {
    return step.waitForEvent("w", { event: "steps/never", timeout: 300 });
  }),
  create({ id: "invalid", on: "steps/invalid" }, async ({ step }) => {
    await step.waitForEvent("w", { event: "steps/x", timeout: "1h", if: "invalid" });
  }),
  create({ id: "signal", on: "steps/signal" }, async ({ event, step }) => {
    return step.waitForSignal("wait", {
      signal: event.data.signal, timeout: event.data.timeout ?? "1h",
      onConflict: event.data.conflict ?? "fail" });
  }),
  create({ id: "sends-signal", on: "steps/send.signal" }, async ({ event, step }) => {
    return step.sendSignal("send", { signal: event.data.signal, data: { word: "now" } });
  }),
  create({ id: "bad-child", on: "steps/bad.child", retries: 0 }, async () => {
    throw new TypeError("child broke");
  }),
  create({ id: "slow-child", on: "steps/slow.child" }, async ({ step }) => {
    await step.sleep("long", "2s");
    note("slow child ended");
    return "late";
  }),
  create({ id: "invokes-bad", on: "steps/invoke.bad", retries: 0 }, async ({ step }) => {
    try {
      await step.invoke("call", { function: referenceFunction({ functionId: "bad-child" }), data: {} });
    } catch (error) {
      return { caught: error.message };
    }
  }),
  create({ id: "invokes-slow", on: "steps/invoke.slow", retries: 0 }, async ({ step }) => {
    try {
      await step.invoke("call", { function: referenceFunction({ functionId: "slow-child" }), data: {}, timeout: "1s" });
    } catch (error) {
      return { caught: error.name + " " + error.message };
    }
  }),
  create({ id: "invokes-nobody", on: "steps/invoke.nobody", retries: 0 }, async ({ step }) => {
    await step.invoke("call", { function: referenceFunction({ functionId: "nobody" }), data: {} });
  }),
  create({ id: "fetches", on: "steps/fetch", retries: 1 }, async ({ event, step }) => {
    const response = await step.fetch(event.data.url, {
      method: "POST", headers: { "x-one": "1" }, body: "text" });
    return { status: response.status, text: await response.text() };
  }),
  create({ id: "infers", on: "steps/infer", retries: 1 }, async ({ event, step }) => {
    return step.ai.infer("ask", {
      model: { url: event.data.url, format: "openai-chat", authKey: "sk-hidden", headers: {},
               onCall() {} },
      body: { model: "m", messages: [{ role: "user", content: "hi" }] } });
  }),
  create({ id: "unserialisable", on: "steps/unserialisable", retries: 0 }, async ({ step }) => {
    return step.run("big", () => ({ toJSON() { throw new Error("no JSON"); } }));
  }),
  create({ id: "many", on: "steps/many" }, async ({ step }) => {
    // Version 3 is called once for each of them, and brings all the others along each time.
    if (isThird) await Promise.all(Array.from({ length: 1001 }, (_, i) => step.run(`s${i}`, () => i)));
    for (let i = 0; i < 1001; ++i) await step.run(`s${i}`, () => i);
  }),
  create({ id: "large", on: "steps/large" }, async ({ step }) => {
    const lengths = [];
    for (let i = 0; i < 4; ++i) {
      const text = await step.run(`large ${i}`, () => {
        note("large", i);
        return "x".repeat(1_500_000);
      });
      lengths.push(text.length);
      await step.sleep(`pause ${i}`, "1ms");
    }
    return lengths;
  }),
  create({ id: "changing", on: "steps/changing", retries: 2 }, async ({ step, attempt }) => {
    await step.run("bad", () => {
      throw [new Error("first"), new TypeError("second"), new RangeError("third")][attempt];
    });
  }),
  create({ id: "schema", on: "steps/payload" }, async ({ step }) => {
    const event = await step.waitForEvent("w", { event: "steps/payload.back", timeout: "1h" });
    return event.data;
  }),
];
