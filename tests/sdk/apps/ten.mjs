// Ten steps, one after the other: what stepwell-bench W7 runs.
export default ({ create, note }) =>
  ["plain", "checkpointed"].map((id) =>
    create({ id, on: `ten/${id}`, ...(id === "plain" && { checkpointing: false }) },
      async ({ event, step }) => {
        for (let i = 0; i < 10; i++) await step.run(`step-${i}`, () => ({ n: i }));
        note("done", event.data.series);
        return null;
      }));
