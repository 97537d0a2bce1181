import * as inngest from "inngest";
import { serve } from "inngest/express";

import { serveApp } from "../serve.mjs";

await serveApp({ sdk: { ...inngest, isThird: false }, serve, name: process.argv[2] });
