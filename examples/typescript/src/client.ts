// The one client of this app. INNGEST_DEV says where `stepwell dev` is; without it, on port 8288.
import type { Context } from "hono";
import { Inngest } from "inngest";
import type { Realtime } from "inngest/realtime";
import { subscribe } from "inngest/realtime";

process.env.INNGEST_DEV ??= "http://127.0.0.1:8288";

export const inngest = new Inngest({ id: "typescript-examples" });

// A response that streams what is published on topics of a channel, as server-sent events, until
// whoever asked for it goes away.
export async function streamOf(
  context: Context, channel: Realtime.ChannelInstance, topics: string[]) {
  const stream = await subscribe({ app: inngest, channel, topics });
  context.req.raw.signal.addEventListener("abort", () => stream.close());
  return new Response(stream.getEncodedStream(), {
    headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" },
  });
}
