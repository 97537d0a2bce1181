// Pattern: stream the progress of one run to the one who started it.
//
// Each batch of rows is a step. Kill Stepwell or this app in the middle: the import goes on with
// the batch that was not recorded, and no recorded batch is imported again.
//
//   curl -N localhost:3000/imports -H 'content-type: application/json' \
//     -d '{"file":"cities.csv","rows":20000}'
import { setTimeout } from "node:timers/promises";

import { Hono } from "hono";
import { eventType } from "inngest";
import { realtime } from "inngest/realtime";
import { z } from "zod";

import { inngest, streamOf } from "./client.ts";

const importRequested = eventType("import/requested", {
  schema: z.object({ importId: z.string(), file: z.string(), rows: z.number().int() }),
});

const importChannel = realtime.channel({
  name: (importId: string) => `import:${importId}`,
  topics: { progress: { schema: z.object({ percent: z.number(), note: z.string() }) } },
});

// Stands for the slow part: parsing, inserting.
async function importRows(first: number, end: number) {
  await setTimeout(end - first);
}

export const importFile = inngest.createFunction(
  { id: "import-file", triggers: importRequested },
  async ({ event, step }) => {
    const { importId, file, rows } = event.data;
    const { progress } = importChannel(importId);
    const batch = Math.ceil(rows / 20);

    for (let first = 0; first < rows; first += batch) {
      const done = Math.min(first + batch, rows);
      await step.run(`import-from-${first}`, () => importRows(first, done));
      await step.realtime.publish(`tell-from-${first}`, progress, {
        percent: Math.floor((100 * done) / rows),
        note: `${file}: ${done} rows`,
      });
    }
    return rows;
  });

export const imports = new Hono()
  // Starts an import and answers with its stream. The event is sent first: what the run says before
  // the stream is open is not lost.
  .post("/", async (context) => {
    const { file, rows, importId = crypto.randomUUID() } = await context.req.json();
    await inngest.send(importRequested.create({ importId, file, rows }));
    return streamOf(context, importChannel(importId), ["progress"]);
  })
  // The stream of an import that was started before.
  .get("/:id", (context) =>
    streamOf(context, importChannel(context.req.param("id")), ["progress"]));
