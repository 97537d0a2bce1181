// Subscribes with the client inside version 4.
import { Inngest } from "inngest";
import { getClientSubscriptionToken } from "inngest/react";
import { getSubscriptionToken, subscribe } from "inngest/realtime";

export * from "./channels.mjs";

// As a backend does, which asks for its tokens.
export function backend({ url, signingKey }) {
  const app = new Inngest({ id: "subscriber", baseUrl: url, isDev: !signingKey, signingKey });
  return {
    subscribe: (options, callback) => subscribe({ app, ...options }, callback),
    token: (options) => getSubscriptionToken(app, options),
    pageToken: (options) => getClientSubscriptionToken(app, options),
  };
}

// As a page does, which was given a token.
export function subscribeWithToken(url, token) {
  return subscribe({ ...token, apiBaseUrl: url });
}
