// A page asks its own backend for a token, until it gets one: the server may be away.
export async function freshToken() {
  for (;;) {
    const response = await fetch(`/token${location.search}`).catch(() => undefined);
    if (response?.ok) return response.json();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
