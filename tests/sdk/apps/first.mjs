// The first functions that anybody writes.
export default ({ create, client, note, NonRetriableError, RetryAfterError }) => {
  const child = create({ id: "child", on: "first/child" }, async ({ event, step }) => {
    return step.run("double", () => event.data.n * 2);
  });
  return [
    child,
    create({ id: "hello", on: "first/hello" }, async ({ event }) => ({ hello: event.data.name })),
    create({ id: "steps", on: "first/steps" }, async ({ event, step }) => {
      const a = await step.run("a", () => { note("a"); return event.data.n + 1; });
      const b = await step.run("b", () => { note("b"); return a * 2; });
      return { a, b };
    }),
    create({ id: "nothing", on: "first/nothing" }, async ({ step }) => {
      const got = await step.run("nothing", () => { note("nothing"); });
      return { isNullish: got == null };
    }),
    create({ id: "sleepy", on: "first/sleep" }, async ({ step }) => {
      const before = await step.run("before", () => Date.now());
      await step.sleep("nap", "1s");
      const after = await step.run("after", () => Date.now());
      return { slept: after - before };
    }),
    create({ id: "until", on: "first/until" }, async ({ event, step }) => {
      await step.sleepUntil("moment", new Date(event.data.at));
      return { late: Date.now() - event.data.at };
    }),
    create({ id: "waits", on: "first/wait" }, async ({ step }) => {
      const got = await step.waitForEvent("answer", {
        event: "first/answer", timeout: "1h", if: "async.data.id == event.data.id" });
      return { got: got?.data.word ?? null };
    }),
    create({ id: "waits-in-vain", on: "first/wait.in.vain" }, async ({ step }) => {
      return { got: await step.waitForEvent("answer", { event: "first/never", timeout: "1s" }) };
    }),
    create({ id: "invokes", on: "first/invoke" }, async ({ event, step }) => {
      return { child: await step.invoke("call", { function: child, data: { n: event.data.n } }) };
    }),
    create({ id: "parallel", on: "first/parallel" }, async ({ step }) => {
      const before = await Promise.all(["p", "q", "r"].map((id) =>
        step.run(id, () => { note("branch", id); return id; })));
      const after = await step.run("after", () => before.join(""));
      return { after };
    }),
    create({ id: "retries", on: "first/retry", retries: 2 }, async ({ step, attempt }) => {
      return step.run("flaky", () => {
        note("flaky", attempt);
        if (attempt < 2) throw new Error(`attempt ${attempt}`);
        return "at last";
      });
    }),
    create({ id: "function-retries", on: "first/function.retry", retries: 1 },
      async ({ attempt }) => {
        note("body", attempt);
        if (attempt === 0) throw new Error("once");
        return "well";
      }),
    create({ id: "fails", on: "first/fail", retries: 1,
             onFailure: async ({ event, error, step }) => {
               await step.run("cleanup", () =>
                 note("failed", { name: error.name, message: error.message,
                                  run: event.data.run_id, slug: event.data.function_id }));
             } },
      async ({ step, attempt }) => {
        await step.run("always", () => { note("always", attempt); throw new TypeError("broken"); });
      }),
    create({ id: "gives-up", on: "first/give.up", retries: 3 }, async ({ attempt }) => {
      note("gives up", attempt);
      throw new NonRetriableError("no use");
    }),
    create({ id: "step-gives-up", on: "first/step.give.up", retries: 3 }, async ({ step }) => {
      await step.run("hopeless", () => { note("hopeless"); throw new NonRetriableError("never"); });
    }),
    create({ id: "catches", on: "first/catch", retries: 0 }, async ({ step }) => {
      try {
        await step.run("bad", () => { throw new RangeError("too far"); });
      } catch (error) {
        const name = error.cause?.name ?? error.name;
        const what = await step.run("recover", () => error.message);
        return { what, name };
      }
    }),
    create({ id: "later", on: "first/later", retries: 1 }, async ({ step, attempt }) => {
      return step.run("busy", () => {
        note("busy", Date.now());
        if (attempt === 0) throw new RetryAfterError("busy", "1s");
        return "done";
      });
    }),
    create({ id: "sends", on: "first/send" }, async ({ step }) => {
      const sent = await step.sendEvent("send", { name: "first/sent", data: { x: 1 } });
      return { ids: sent.ids.length };
    }),
    create({ id: "receives", on: "first/sent" }, async ({ event }) => {
      note("received", event.data);
      return event.data;
    }),
  ];
};
