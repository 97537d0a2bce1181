// Subscribes with @inngest/realtime.
import { getSubscriptionToken, subscribe } from "@inngest/realtime";
import { Inngest } from "inngest";

export * from "./channels.mjs";

// As a backend does, which asks for its tokens. It has its key from the environment.
export function backend({ url, signingKey }) {
  if (signingKey) process.env.INNGEST_SIGNING_KEY = signingKey;
  const app = new Inngest({ id: "subscriber", baseUrl: url, isDev: !signingKey });
  return {
    subscribe: (options, callback) => subscribe({ app, ...options }, callback),
    token: (options) => getSubscriptionToken(app, options),
    pageToken: (options) => getSubscriptionToken(app, options),
  };
}

// As a page does, which was given a token; the app only says where the server is.
export function subscribeWithToken(url, token) {
  return subscribe({ ...token, app: { apiBaseUrl: url } });
}
