// Functions whose runs are limited: how many calls, how many runs, how often, and which first.
export default ({ create, note }) => {
  const underWay = {};  // of all, and of each key
  const count = (names, by) => names.map((name) => (underWay[name] = (underWay[name] ?? 0) + by));
  const busy = async (kind, data) => {
    const names = [kind, `${kind} ${data.key}`];
    const [ofAll, ofKey] = count(names, 1);
    note(kind, { ...data, ofAll, ofKey });
    await new Promise((resolve) => setTimeout(resolve, 30));
    count(names, -1);
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
