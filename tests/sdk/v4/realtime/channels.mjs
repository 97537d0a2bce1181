// The channels of the documentation's patterns, in the words of version 4.
import { realtime, staticSchema } from "inngest";
import { z } from "zod";

export const helloChannel = realtime.channel({
  name: (uuid) => `hello-world.${uuid}`,
  topics: { logs: { schema: staticSchema() } },
});

export const globalChannel = realtime.channel({
  name: "global",
  topics: { logs: { schema: staticSchema() } },
});

export const postChannel = realtime.channel({
  name: (postId) => `post:${postId}`,
  topics: {
    updated: { schema: z.object({ id: z.string(), likes: z.number() }) },
    deleted: { schema: z.object({ id: z.string(), reason: z.string() }) },
  },
});

export const agenticWorkflowChannel = realtime.channel({
  name: "agentic-workflow",
  topics: { messages: { schema: z.object({ message: z.string(), confirmationUUid: z.string() }) } },
});

export const countChannel = realtime.channel({
  name: (name) => name,
  topics: { numbers: { schema: staticSchema() }, words: { schema: staticSchema() } },
});
