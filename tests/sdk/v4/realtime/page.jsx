// A page of an app that shows a channel with the hook of version 4, and a run's end.
import { useRealtime } from "inngest/react";
import { useEffect } from "react";
import { createRoot } from "react-dom/client";

import { freshToken } from "../../realtime/page_token.mjs";

const parameters = new URLSearchParams(location.search);
const channel = parameters.get("channel");
const topics = parameters.getAll("topic");

function Messages() {
  const { connectionStatus, runStatus, result, messages } = useRealtime({
    channel, topics, token: freshToken, reconnectMinMs: 20, reconnectMaxMs: 100 });
  const data = messages.all.map((message) => message.data);
  useEffect(() => report(JSON.stringify({
    state: connectionStatus === "open" ? "active" : connectionStatus, data, runStatus, result })));
  return (
    <ul title={connectionStatus}>
      {data.map((text, place) => <li key={place}>{text}</li>)}
    </ul>
  );
}

createRoot(document.getElementById("root")).render(<Messages />);
