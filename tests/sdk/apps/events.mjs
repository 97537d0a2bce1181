// What starts runs, ends them, and how often they are tried.
export default ({ create, note, NonRetriableError, RetryAfterError }) => {
  const tried = (kind, retries) => create({ id: kind, on: `events/${kind}`, retries },
    async ({ step, attempt, maxAttempts }) => {
      await step.run("fails", () => { note(kind, [attempt, maxAttempts]); throw new Error(kind); });
    });
  return [
    create({ id: "one", on: "events/both" }, async ({ event }) => event.data),
    create({ id: "two", on: "events/both" }, async ({ event }) => event.data),
    create({ id: "wild", on: "user.*" }, async ({ event }) => event.name),
    create({ id: "deep", on: "api/*" }, async ({ event }) => event.name),
    create({ id: "conditional", on: [{ event: "events/if", if: "event.data.n > 10" }] },
      async ({ event }) => event.data.n),
    create({ id: "mixed", on: [{ event: "events/if", if: "event.data.n > 10" },
                               { event: "events/plain" }] },
      async ({ event }) => event.name),
    create({ id: "double", on: [{ event: "events/double", if: "event.data.n > 0" },
                                { event: "events/double", if: "event.data.n > 1" }] },
      async () => "once"),
    create({ id: "whole", on: "events/whole" }, async ({ event }) => event),
    tried("default", undefined),
    tried("none", 0),
    tried("single", 1),
    tried("most", 20),
    create({ id: "function-none", on: "events/function.none", retries: 0 }, async ({ attempt }) => {
      note("function-none", attempt);
      throw new Error("no");
    }),
    create({ id: "cancelled", on: "events/cancellable",
             cancelOn: [{ event: "events/cancel", if: "async.data.id == event.data.id" }],
             onFailure: () => note("failed") },
      async ({ event, step }) => {
        note("cancellable", event.data.id);
        await step.run("before", () => note("before"));
        await step.waitForEvent("long", { event: "events/go", timeout: "1h" });
        await step.run("after", () => note("after", event.data.id));
      }),
    create({ id: "cleanup", on: "inngest/function.cancelled" }, async ({ event, step }) => {
      await step.run("clean", () => note("cleaned", event.data.run_id));
    }),
    create({ id: "tracks", on: "inngest/function.failed" }, async ({ event }) => {
      note("tracked", [event.data.function_id, event.data.error.message]);
    }),
  ];
};
