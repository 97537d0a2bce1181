// Functions whose runs are limited: how many calls, how many runs, how often, and which first.
export default ({ create, note }) => {
  let underWay = 0;
  const busy = async (kind, data) => {
    ++underWay;
    note(kind, { ...data, underWay });
    await new Promise((resolve) => setTimeout(resolve, 30));
    --underWay;
  };
  return [
    create({ id: "one", on: "slots/one", concurrency: 1 }, async ({ event, step }) => {
      await step.run("a", () => busy("one", event.data));
      await step.run("b", () => busy("one", event.data));
      return event.data.n;
    }),
    create({ id: "keyed", on: "slots/keyed",
             concurrency: [{ limit: 1, key: "event.data.key" }, { limit: 2 }] },
      async ({ event, step }) => step.run("a", () => busy("keyed", event.data))),
    create({ id: "throttled", on: "slots/throttled", throttle: { limit: 1, period: "1s" } },
      async ({ event }) => note("throttled", { n: event.data.n, at: Date.now() })),
    create({ id: "single", on: "slots/single",
             singleton: { mode: "skip", key: "event.data.user" } },
      async ({ step }) => { await step.waitForEvent("go", { event: "slots/go", timeout: "1h" }); }),
    create({ id: "latest", on: "slots/latest", singleton: { mode: "cancel" } },
      async ({ event, step }) => {
        await step.waitForEvent("go", { event: "slots/go", timeout: "1h" });
        return event.data.n;
      }),
    create({ id: "urgent", on: "slots/urgent", concurrency: 1,
             priority: { run: "event.data.seconds" } },
      async ({ event, step }) => step.run("a", () => busy("urgent", event.data))),
  ];
};
