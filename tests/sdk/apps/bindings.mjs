// A middleware that hands the bindings of the environment to the functions.
export const middleware = (sdk) => [sdk.isThird ? third(sdk) : fourth(sdk)];

function third({ InngestMiddleware }) {
  return new InngestMiddleware({
    name: "bindings",
    init: () => ({
      onFunctionRun: ({ reqArgs }) => ({
        transformInput: () => ({ ctx: { env: reqArgs[0]?.env } }),
      }),
    }),
  });
}

function fourth({ Middleware }) {
  return class Bindings extends Middleware.BaseMiddleware {
    id = "bindings";
    wrapRequest({ next, requestArgs }) {
      this.env = requestArgs[0]?.env;
      return next();
    }
    transformFunctionInput(input) {
      return { ...input, ctx: { ...input.ctx, env: this.env } };
    }
  };
}

export default ({ create }) => [
  create({ id: "greets", on: "bindings/greet" }, async ({ env, step }) => {
    const before = await step.run("before", () => env?.GREETING ?? "unbound");
    await step.sleep("pause", "1s");
    return { before, after: env?.GREETING ?? "unbound" };
  }),
  // The email sequence of the SDK's documentation: what follows depends on what people do.
  create({ id: "sequence", on: "bindings/signed.up" }, async ({ event, step }) => {
    const sent = [];
    const mail = (id) => step.run(id, () => { sent.push(id); return id; });
    await mail("welcome");
    const opened = await step.waitForEvent("opened", {
      event: "bindings/mail.opened", match: "data.user", timeout: "10s" });
    await mail(opened ? "tips" : "reminder");
    return event.data.user;
  }),
  // A person decides.
  create({ id: "approval", on: "bindings/requested" }, async ({ step }) => {
    const decision = await step.waitForEvent("decision", {
      event: "bindings/decided", if: "async.data.request == event.data.request", timeout: "1h" });
    return step.run("act", () => (decision.data.approved ? "done" : "declined"));
  }),
];
