// What may keep an event from starting a run of its own. Each run says that it is there.
export default ({ create, note, referenceFunction }) => {
  const sum = (name) => async ({ events, step }) => {
    const all = events.map(({ data }) => data.n);
    await step.run("note", () => note(name, all));
    return all;
  };
  return [
    create({ id: "rated", on: "intake/rated",
             rateLimit: { limit: 1, period: "24h", key: "event.data.number" } },
      async ({ event }) => event.data.number),
    create({ id: "once", on: "intake/once", idempotency: "event.data.order" },
      async ({ event }) => event.data.order),
    create({ id: "debounced", on: "intake/debounced",
             debounce: { period: "1s", key: "event.data.key" } },
      async ({ event }) => note("debounced", event.data)),
    create({ id: "limited", on: "intake/limited", debounce: { period: "24h", timeout: "1s" } },
      async ({ event }) => note("limited", event.data)),
    create({ id: "batched", on: "intake/batched", batchEvents: { maxSize: 3, timeout: "1s" } },
      sum("batched")),
    create({ id: "choosy", on: "intake/choosy",
             batchEvents: { maxSize: 2, timeout: "1d", if: "event.data.n > 1" } }, sum("choosy")),
    create({ id: "parent", on: "intake/parent", retries: 0 }, async ({ event, step }) =>
      step.invoke("call", { function: referenceFunction({ functionId: event.data.target }),
                            data: event.data.payload })),
  ];
};
