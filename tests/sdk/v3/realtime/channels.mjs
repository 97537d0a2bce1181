// The channels of the documentation's patterns, in the words of @inngest/realtime.
import { channel, topic } from "@inngest/realtime";
import { z } from "zod";

export const helloChannel = channel((uuid) => `hello-world.${uuid}`).addTopic(topic("logs").type());

export const globalChannel = channel("global").addTopic(topic("logs").type());

export const postChannel = channel((postId) => `post:${postId}`)
  .addTopic(topic("updated").schema(z.object({ id: z.string(), likes: z.number() })))
  .addTopic(topic("deleted").schema(z.object({ id: z.string(), reason: z.string() })));

export const agenticWorkflowChannel = channel("agentic-workflow").addTopic(
  topic("messages").schema(z.object({ message: z.string(), confirmationUUid: z.string() })));

export const countChannel = channel((name) => name)
  .addTopic(topic("numbers").type()).addTopic(topic("words").type());
