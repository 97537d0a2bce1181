// Functions that start by the clock, end in time, are paused, and are done again from a step.
const times = {};

export default ({ create, note }) => [
  create({ id: "ticks", on: [{ cron: "TZ=Europe/Vienna * * * * *" }] }, async ({ event }) => {
    note("tick", { name: event.name, id: event.id, cron: event.data.cron });
  }),
  create({ id: "long", on: "life/long", timeouts: { finish: "1s" } }, async ({ step }) => {
    await step.run("begins", () => note("long begins"));
    await step.waitForEvent("nap", { event: "life/go", timeout: "1h" });
    await step.run("goes on", () => note("long goes on"));
  }),
  create({ id: "late", on: "life/late", timeouts: { start: "1s" } }, async () => note("late")),
  create({ id: "paused", on: "life/paused" }, async () => "done"),
  create({ id: "parts", on: "life/parts" }, async ({ step }) => {
    const first = await step.run("first", () => { note("first"); return 1; });
    const doubled = await step.run("double", (n) => { note("double", n); return n * 2; }, 21);
    const last = await step.run("last", () => { note("last"); return doubled + first; });
    return { first, doubled, last };
  }),
  create({ id: "again", on: "life/again" }, async ({ event: { data: { n } } }) => {
    times[n] = (times[n] ?? 0) + 1;
    note("again", { n, times: times[n] });
    return n;
  }),
  create({ id: "open", on: "life/open" }, async ({ event, step }) => {
    await step.waitForEvent("close", { event: "life/close", timeout: "1h" });
    return event.data.n;
  }),
];
