// Functions that misbehave, and what people see of a run while it is under way.
const vanishing = { entries: 0, isBack: false };
let surprises = 0;
let hasFailed = false;
vanishing.both = new Promise((resolve) => { vanishing.bothCalled = resolve; });

export default ({ create, note, referenceFunction, RetryAfterError }) => [
  create({ id: "nested", on: "edges/nested", retries: 0 }, async ({ step }) => {
    return step.run("outer", () => step.run("inner", () => { note("inner"); return 1; }));
  }),
  create({ id: "fails-then-waits", on: "edges/fail.then.wait", retries: 1 },
    async ({ step }) => {
      if (!hasFailed) {
        hasFailed = true;
        throw new RetryAfterError("not yet", "5s");
      }
      const event = await step.waitForEvent("approval", { event: "edges/approved", timeout: "1h" });
      return event.data;
    }),
  create({ id: "long-child", on: "edges/long.child" }, async ({ step }) => {
    await step.waitForEvent("leave", { event: "edges/leave", timeout: "1h" });
    return "left";
  }),
  create({ id: "invokes", on: "edges/invoke" }, async ({ step }) => {
    return step.invoke("call", { function: referenceFunction({ functionId: "long-child" }), data: {} });
  }),
  // Planned, and not there when it is called for, nor a moment later: the code has changed.
  create({ id: "vanishes", on: "edges/vanish", retries: 1 }, async ({ step, attempt }) => {
    const entry = ++vanishing.entries;
    if (entry === 3) vanishing.bothCalled();
    const branches = [step.run("stays", async () => {
      await vanishing.both;  // the call for the other is there too, and does not find it
      note("stays");
      vanishing.isBack = true;
      return "stays";
    })];
    if (entry === 1 || vanishing.isBack) {
      branches.push(step.run("vanishes", () => { note("vanishes", attempt); return "back"; }));
    }
    return Promise.all(branches);
  }),
  // Meets a step that nobody has planned, before the one that it is called for.
  create({ id: "surprises", on: "edges/surprise" }, async ({ step }) => {
    const isFirst = ++surprises === 1;
    const run = (id) => step.run(id, () => { note("surprise", id); return id; });
    return Promise.all([...(isFirst ? [] : [run("new")]), run("a"), run("b")]);
  }),
  create({ id: "plain", on: "edges/plain" }, async ({ event, step }) => {
    return step.run("double", () => event.data.n * 2);
  }),
  create({ id: "never-cancelled", on: "edges/never.cancelled",
           cancelOn: [{ event: "edges/cancel", if: "1 == 2" }] },
    async ({ step }) => {
      await step.waitForEvent("go on", { event: "edges/go.on", timeout: "1h" });
      return "done";
    }),
];
