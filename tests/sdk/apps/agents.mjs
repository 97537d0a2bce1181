// An agent of AgentKit with a tool, routed until it has an answer. The model is where the event
// says.
export default async ({ create, load, note }) => {
  const { createAgent, createNetwork, createTool, openai } = await load("@inngest/agent-kit");
  const { z } = await load("zod");
  const done = createTool({
    name: "done",
    description: "Tells the answer.",
    parameters: z.object({ answer: z.string() }),
    handler: async ({ answer }, { network }) => {
      note("told", answer);
      network?.state.kv.set("answer", answer);
      return "thanks";
    },
  });
  return [
    create({ id: "asks", on: "agents/ask", retries: 1 }, async ({ event, step }) => {
      const agent = createAgent({ name: "oracle", system: "You answer.", tools: [done] });
      const network = createNetwork({
        name: "oracles",
        agents: [agent],
        maxIter: 4,
        defaultModel: openai({ model: "mock", apiKey: "model-key", baseUrl: event.data.url }),
        router: ({ network: state }) => (state.state.kv.get("answer") ? undefined : agent),
      });
      const { state } = await network.run(event.data.question);
      await step.sleep("pause", "10ms");
      return state.kv.get("answer");
    }),
  ];
};
