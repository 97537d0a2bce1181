// Serves the functions of apps/NAME.mjs with Express. Each major version of the SDK brings its own
// `inngest` and calls this in a process of its own.
import express from "express";

export async function serveApp({ sdk, serve, name }) {
  const { default: define } = await import(`./apps/${name}.mjs`);
  const client = new sdk.Inngest({ id: name });
  const note = (kind, data) => console.log(JSON.stringify({ note: { kind, data } }));
  const functions = define({ ...sdk, client, note, create: creator(client, sdk) });
  const app = express();
  app.use(express.json({ limit: "8mb" }));
  app.use("/api/inngest", serve({ client, functions }));
  const listener = app.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
    console.log(`listening ${listener.address().port}`);
  });
}

// create({id, on, ...options}, handler) in the words of either version: triggers are an argument of
// their own in version 3 and an option in version 4.
function creator(client, sdk) {
  const isThird = sdk.isThird;
  return ({ on, ...options }, handler) => {
    const triggers = (Array.isArray(on) ? on : [on])
      .map((trigger) => (typeof trigger === "string" ? { event: trigger } : trigger));
    return isThird
      ? client.createFunction(options, triggers, handler)
      : client.createFunction({ ...options, triggers }, handler);
  };
}
