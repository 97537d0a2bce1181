// Steps side by side.
export default ({ create, note }) => {
  const child = create({ id: "child", on: "parallel/child" }, async () => "child");
  const entered = () => note("entered");
  return [
    create({ id: "sequence", on: "parallel/sequence" }, async ({ step }) => {
      entered();
      const chain = async (name) => {
        const one = await step.run(`${name}1`, () => { note("ran", `${name}1`); return name; });
        return step.run(`${name}2`, () => { note("ran", `${name}2`); return one + one; });
      };
      return Promise.all([chain("a"), chain("b")]);
    }),
    create({ id: "hundred", on: "parallel/hundred" }, async ({ step }) => {
      entered();
      const all = await Promise.all(Array.from({ length: 100 }, (_, i) =>
        step.run(`s${i}`, () => { note("ran", i); return i; })));
      return step.run("sum", () => all.reduce((a, b) => a + b, 0));
    }),
    create({ id: "kinds", on: "parallel/kinds" }, async ({ step }) => {
      entered();
      const [run, , wait, invoked] = await Promise.all([
        step.run("run", () => 1),
        step.sleep("sleep", "100ms"),
        step.waitForEvent("wait", { event: "parallel/never", timeout: "300ms" }),
        step.invoke("invoke", { function: child, data: {} }),
      ]);
      return { run, wait, invoked };
    }),
    create({ id: "race", on: "parallel/race" }, async ({ step }) => {
      const first = await Promise.race([
        step.run("fast", () => "fast"),
        step.waitForEvent("slow", { event: "parallel/never", timeout: "1s" }).then(() => "slow"),
      ]);
      const after = await step.run("after", () => { note("after", Date.now()); return first; });
      return after;
    }),
    create({ id: "settled", on: "parallel/settled", retries: 1 }, async ({ step }) => {
      const settled = await Promise.allSettled([
        step.run("good", () => "good"),
        step.run("bad", () => { note("bad"); throw new Error("bad"); }),
      ]);
      return settled.map(({ status }) => status);
    }),
    create({ id: "failing", on: "parallel/failing", retries: 0,
             onFailure: () => { note("failure handled"); } },
      async ({ step }) => {
        await Promise.all([
          step.run("bad1", () => { throw new Error("bad1"); }),
          step.run("bad2", () => { throw new Error("bad2"); }),
          step.waitForEvent("w", { event: "parallel/never", timeout: "2s" }),
        ]);
      }),
    create({ id: "after-parallel", on: "parallel/then" }, async ({ step }) => {
      const both = await Promise.all([step.run("p", () => 1), step.run("q", () => 2)]);
      const out = [];
      for (let i = 0; i < 3; ++i) {
        out.push(await step.run(`then ${i}`, () => { note("then"); return i + both[0] + both[1]; }));
      }
      return out;
    }),
    child,
  ];
};
