import * as inngest from "inngest";
import { serve as express } from "inngest/express";
import { serve as hono } from "inngest/hono";
import { serve as node } from "inngest/node";

import { serveApp } from "../serve.mjs";

await serveApp({
  sdk: { ...inngest, isThird: true, load: (name) => import(name) },
  serve: { express, hono, node },
  name: process.argv[2],
});
