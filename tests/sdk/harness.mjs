// Starts the real server and an app made with an unmodified SDK, and asks the server's own API what
// came of it. STEPWELL_BIN is the folder of the programs, SDK_VERSION is 3 or 4.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

export const version = Number(process.env.SDK_VERSION ?? 4);
const here = import.meta.dirname;
const programs = process.env.STEPWELL_BIN ?? path.join(here, "../../build/release/bin");
const stepwell = path.resolve(programs, "stepwell");
const started = new Set();
const folders = [];

// Also a file of cases that is stopped, because it takes too long, leaves nothing running.
process.on("SIGTERM", () => process.exit(1));
process.on("exit", () => {
  for (const { child } of started) child.kill("SIGKILL");
});

// A program whose output is kept, and shown when something fails.
export class Program {
  constructor(name, file, args, env) {
    this.name = name;
    this.lines = [];
    this.waiters = new Set();
    const clean = Object.fromEntries(
      Object.entries(process.env).filter(([key]) => !/^(INNGEST|STEPWELL)_/.test(key)));
    this.child = spawn(file, args, { env: { ...clean, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    const end = (error) => {
      if (error instanceof Error) this.lines.push(error.message);
      this.hasEnded = true;
      this.look();
    };
    this.ended = once(this.child, "exit").then(end, end);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        this.lines.push(line);
        this.look();
      });
    }
    started.add(this);
  }

  look() {
    for (const waiter of this.waiters) waiter();
  }

  // The match of the first line that fits; an error if the program ends without.
  line(pattern) {
    return new Promise((resolve, reject) => {
      const waiter = () => {
        const match = this.lines.map((line) => pattern.exec(line)).find(Boolean);
        if (!match && !this.hasEnded) return;
        this.waiters.delete(waiter);
        if (match) resolve(match);
        else reject(new Error(`${this.name} ended:\n${this.lines.join("\n")}`));
      };
      this.waiters.add(waiter);
      waiter();
    });
  }

  async kill(signal = "SIGKILL") {
    started.delete(this);
    if (!this.hasEnded) this.child.kill(signal);
    await this.ended;
  }
}

export class Server {
  static async start({ args = [], file, port = 0, mode = "dev", env = {} } = {}) {
    const server = new Server();
    if (!file) {
      folders.push(mkdtempSync(path.join(tmpdir(), "stepwell-sdk-")));
      file = path.join(folders.at(-1), "runs.db");
    }
    server.file = file;
    server.options = { args, mode, env };
    server.program = new Program("stepwell", stepwell,
      ["--db", file, mode, "--port", String(port), ...args], env);
    server.url = (await server.program.line(/(http:\/\/[\d.]+:\d+)/))[1];
    server.port = Number(new URL(server.url).port);
    server.headers = env.STEPWELL_SIGNING_KEY
      ? { authorization: `Bearer ${env.STEPWELL_SIGNING_KEY}` } : {};
    server.eventKey = env.STEPWELL_EVENT_KEY ?? "test";
    await server.program.line(/ready/);
    return server;
  }

  // What an app needs to find this server.
  appEnvironment() {
    if (this.options.mode === "dev") return { INNGEST_DEV: this.url };
    const { STEPWELL_SIGNING_KEY: signing, STEPWELL_EVENT_KEY: event } = this.options.env;
    return { INNGEST_DEV: "0", INNGEST_BASE_URL: this.url, INNGEST_SIGNING_KEY: signing,
             INNGEST_EVENT_KEY: event };
  }

  // The same file and port again, after a kill.
  restart() {
    return Server.start({ ...this.options, file: this.file, port: this.port });
  }
  kill(signal) {
    return this.program.kill(signal);
  }

  async get(route) {
    const response = await fetch(this.url + route, { headers: this.headers });
    const body = await response.json();
    if (!response.ok) throw new Error(`GET ${route}: ${response.status} ${JSON.stringify(body)}`);
    return body;
  }

  // Sends one event, or several; gives the internal ids.
  async send(events) {
    const response = await fetch(`${this.url}/e/${this.eventKey}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(events),
    });
    const body = await response.json();
    if (response.status !== 200) throw new Error(`event refused: ${JSON.stringify(body)}`);
    return body.ids;
  }

  async runsOf(eventId) {
    return (await this.get(`/v1/events/${eventId}/runs`)).data;
  }

  // The runs that the event of this run's end started.
  async runsOfFailure(runId, name = "inngest/function.failed") {
    const { data } = await this.get(`/api/events?name=${name}&limit=100`);
    const found = data.find(({ event }) => event.data.run_id === runId);
    if (!found) throw new Error(`there is no ${name} of run ${runId}`);
    return this.runsOf(found.event.internal_id);
  }

  // Waits until `done(run)` of the run; each commit of the run is looked at.
  async watch(runId, done) {
    const [stream] = await once(
      get(`${this.url}/api/runs/${runId}/stream`, { headers: this.headers }), "response");
    for await (const _ of stream) {
      const run = (await this.get(`/v1/runs/${runId}`)).data;
      if (await done(run)) return run;
    }
    throw new Error(`the stream of run ${runId} ended`);
  }
  ended(runId) {
    return this.watch(runId, (run) => ["Completed", "Failed", "Cancelled"].includes(run.status));
  }

  // The steps of a run, as people are shown them.
  async trace(runId) {
    return this.get(`/api/runs/${runId}`);
  }

  // Sends an event and waits for the end of the one run that it starts.
  async run(name, data = {}, more = {}) {
    const [id] = await this.send({ name, data, ...more });
    const runs = await this.runsOf(id);
    if (runs.length !== 1) throw new Error(`${name} started ${runs.length} runs`);
    return this.ended(runs[0].run_id);
  }
}

// "Completed" with this result.
export function completed(run, output) {
  assert.equal(run.status, "Completed", JSON.stringify(run));
  assert.deepEqual(run.output, output);
}

// An app in a process of its own: v3/app.mjs or v4/app.mjs with the functions of apps/NAME.mjs, or
// another program of that folder.
export class App {
  static async start(
    name, server, { port = 0, env = {}, register = true, program = "app.mjs" } = {}) {
    const app = new App();
    app.name = name;
    app.options = { env, program };
    app.program = new Program(`app ${name}`, process.execPath,
      [path.join(here, `v${version}`, program), name],
      { ...server.appEnvironment(), PORT: String(port), ...env });
    app.port = Number((await app.program.line(/listening (\d+)/))[1]);
    app.url = `http://127.0.0.1:${app.port}/api/inngest`;
    if (register) await app.register();
    return app;
  }

  async register() {
    const response = await fetch(this.url, { method: "PUT" });
    const body = await response.text();
    if (!response.ok) throw new Error(`the app does not register: ${response.status} ${body}`);
  }
  restart(server) {
    return App.start(this.name, server, { ...this.options, port: this.port, register: false });
  }

  // What the functions told about themselves: each console.log of {"note": …}, in order.
  notes(kind) {
    return this.program.lines.filter((line) => line.startsWith('{"note":'))
      .map((line) => JSON.parse(line).note)
      .filter((note) => kind === undefined || note.kind === kind);
  }
  count(kind) {
    return this.notes(kind).length;
  }
  kill(signal) {
    return this.program.kill(signal);
  }
}

// Ends what a test file started.
export async function cleanUp() {
  await Promise.all([...started].map((program) => program.kill()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
