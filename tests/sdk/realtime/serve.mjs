// Serves an app of the realtime cases: its functions, and the page's route, which starts a run and
// answers with its stream.
import { createServer } from "node:http";
import { Readable } from "node:stream";

import express from "express";

export function serveRealtime({ inngest, hello }) {
  const app = express();
  app.use(express.json({ limit: "8mb" }));
  app.use("/api/inngest", inngest);
  app.post("/api/hello", async (request, response) => {
    const stream = await hello(request.body);
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache",
                              Connection: "keep-alive" });
    Readable.fromWeb(stream).pipe(response);
  });
  const listener = createServer(app);
  listener.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
    console.log(`listening ${listener.address().port}`);
  });
}
