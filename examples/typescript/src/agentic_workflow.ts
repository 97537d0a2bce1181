// Pattern: a human in the loop.
//
// The run publishes a question with an id of its own and waits for the event that carries this id.
// While it waits it costs nobody anything: this app may be restarted, or away. An answer that is
// faster than the wait is not lost either.
//
//   curl -N localhost:3000/workflows &
//   curl localhost:3000/workflows -H 'content-type: application/json' -d '{"prompt":"clean up"}'
//   curl localhost:3000/workflows/answers -H 'content-type: application/json' \
//     -d '{"confirmationUuid":"(from the question)","confirmed":true}'
import { Hono } from "hono";
import { eventType } from "inngest";
import { realtime } from "inngest/realtime";
import { z } from "zod";

import { inngest, streamOf } from "./client.ts";

const workflowStarted = eventType("agentic-workflow/start", {
  schema: z.object({ prompt: z.string() }),
});
const workflowConfirmed = eventType("agentic-workflow/confirmation", {
  schema: z.object({ confirmationUuid: z.string(), confirmed: z.boolean() }),
});

const workflowChannel = realtime.channel({
  name: "agentic-workflow",
  topics: {
    messages: { schema: z.object({ message: z.string(), confirmationUuid: z.string() }) },
    results: { schema: z.object({ result: z.string() }) },
  },
});

export const agenticWorkflow = inngest.createFunction(
  { id: "agentic-workflow", triggers: workflowStarted },
  async ({ event, step }) => {
    const { prompt } = event.data;

    // Random, so it belongs in a step: the function is entered again later, and must see the same.
    const confirmationUuid = await step.run("get-confirmation-uuid", () => crypto.randomUUID());
    await step.realtime.publish("ask", workflowChannel.messages,
      { message: `Proceed with: ${prompt}?`, confirmationUuid });

    const answer = await step.waitForEvent("wait-for-confirmation", {
      event: workflowConfirmed,
      timeout: "15m",
      if: `async.data.confirmationUuid == "${confirmationUuid}"`,
    });

    const result = await step.run("act", () => {
      if (!answer) return "nobody answered";
      return answer.data.confirmed ? `done: ${prompt}` : "rejected";
    });
    await step.realtime.publish("tell", workflowChannel.results, { result });
    return result;
  });

export const workflows = new Hono()
  .get("/", (context) => streamOf(context, workflowChannel, ["messages", "results"]))
  .post("/", async (context) => {
    const { prompt } = await context.req.json();
    await inngest.send(workflowStarted.create({ prompt }));
    return context.body(null, 202);
  })
  .post("/answers", async (context) => {
    const { confirmationUuid, confirmed } = await context.req.json();
    await inngest.send(workflowConfirmed.create({ confirmationUuid, confirmed }));
    return context.body(null, 202);
  });
