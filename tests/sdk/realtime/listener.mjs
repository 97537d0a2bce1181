// The client of the SDK version under test, and a subscription as a queue of messages.
import { once } from "node:events";
import { connect, createServer } from "node:net";

import { version } from "../harness.mjs";

export const client = await import(`../v${version}/realtime/client.mjs`);
export const kApp = { program: "realtime/app.mjs" };

// A channel without parameters is called in version 3 all the same.
export const channelOf = (channel) => (version === 3 ? channel() : channel);

export class Listener {
  constructor(stream) {
    this.reader = stream.getReader();
  }

  async next() {
    const { done, value } = await this.reader.read();
    if (done) throw new Error("the subscription has ended");
    return value;
  }
  async take(count) {
    const messages = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }
  // Waits for the end; gives what came until then.
  async rest() {
    const messages = [];
    for (;;) {
      const { done, value } = await this.reader.read();
      if (done) return messages;
      messages.push(value);
    }
  }
}

// Subscribes to topics of a channel as a backend does, with a token that it asks for.
export async function listen(server, options) {
  return new Listener(await client.backend(server).subscribe(options));
}

// A way to the server that can be cut, as networks are.
export class Wire {
  static async to(server) {
    const wire = new Wire();
    wire.sockets = new Set();
    wire.listener = createServer((near) => {
      const far = connect(server.port, "127.0.0.1");
      for (const socket of [near, far]) {
        wire.sockets.add(socket);
        socket.on("error", () => {}).on("close", () => [near, far].map((end) => end.destroy()));
      }
      near.pipe(far).pipe(near);
    });
    wire.listener.listen(0, "127.0.0.1");
    await once(wire.listener, "listening");
    wire.url = `http://127.0.0.1:${wire.listener.address().port}`;
    return wire;
  }

  // What is connected loses its connection; the next one may come at once.
  cut() {
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }
  close() {
    this.cut();
    this.listener.close();
  }
}
