// A page of an app that shows a channel with the hook of @inngest/realtime.
import { useInngestSubscription } from "@inngest/realtime/hooks";
import { useEffect } from "react";
import { createRoot } from "react-dom/client";

import { freshToken } from "../../realtime/page_token.mjs";

function Messages() {
  const { data, state } = useInngestSubscription({ refreshToken: freshToken });
  useEffect(() => report(JSON.stringify({ state, data: data.map((message) => message.data) })));
  return (
    <ul title={state}>
      {data.map((message, place) => <li key={place}>{message.data}</li>)}
    </ul>
  );
}

createRoot(document.getElementById("root")).render(<Messages />);
