// What the encryption middleware hides from the server: steps, results, and `data.encrypted` of
// events.
const load = async (sdk) => (await sdk.load("@inngest/middleware-encryption")).encryptionMiddleware;

export const middleware = async (sdk) => [(await load(sdk))({ key: "a key for tests" })];

export default ({ create, note }) => [
  create({ id: "sends", on: "secrets/begin" }, async ({ event, step }) => {
    return step.sendEvent("send", { name: "secrets/keep", id: event.data.id,
                                    data: { open: "seen", encrypted: { card: "4111-hidden" } } });
  }),
  create({ id: "keeps", on: "secrets/keep" }, async ({ event, step }) => {
    const card = await step.run("read", () => event.data.encrypted.card);
    await step.sleep("pause", "10ms");
    const again = await step.run("again", () => card);
    note("kept", again);
    return { again };
  }),
];
