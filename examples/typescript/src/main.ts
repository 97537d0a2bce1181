// The app: its functions for Stepwell, its routes for people, and a page that shows the streams.
import { readFile } from "node:fs/promises";

import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { serve as serveFunctions } from "inngest/hono";

import { agenticWorkflow, workflows } from "./agentic_workflow.ts";
import { inngest } from "./client.ts";
import { importFile, imports } from "./import_file.ts";
import { likePost, posts } from "./like_post.ts";

const app = new Hono();
app.on(["GET", "PUT", "POST"], "/api/inngest",
  serveFunctions({ client: inngest, functions: [importFile, likePost, agenticWorkflow] }));
app.route("/imports", imports);
app.route("/posts", posts);
app.route("/workflows", workflows);
app.get("/", async (context) =>
  context.html(await readFile(new URL("page.html", import.meta.url), "utf8")));

serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT ?? 3000) },
  ({ port }) => console.log(`open http://127.0.0.1:${port}`));
