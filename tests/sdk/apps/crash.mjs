// Many runs that are under way when a process dies.
export default ({ create, note }) => [
  create({ id: "work", on: "crash/work" }, async ({ event, step }) => {
    const one = await step.run("one", () => { note("ran", [event.data.n, "one"]); return event.data.n; });
    const [two, three] = await Promise.all([
      step.run("two", () => { note("ran", [event.data.n, "two"]); return one * 2; }),
      step.run("three", () => { note("ran", [event.data.n, "three"]); return one * 3; }),
    ]);
    await step.sleep("pause", "50ms");
    return step.run("four", () => { note("ran", [event.data.n, "four"]); return one + two + three; });
  }),
];
