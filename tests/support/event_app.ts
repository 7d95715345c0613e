/** An app of event streams for `hayate serve`, which counts what it has sent. */
import type { Served } from "./serve.ts";

/**
 * /: `n` events with a pause of `ms`; then the stream ends, or with `hold` stays open without an event.
 * /count: how many streams and events there were.
 */
export const eventApp = `
let opened = 0, sent = 0;
const encoder = new TextEncoder();
export default { fetch(request) {
  const url = new URL(request.url);
  if (url.pathname === "/count") return Response.json({ opened, sent });
  const count = Number(url.searchParams.get("n")), ms = Number(url.searchParams.get("ms"));
  const holds = url.searchParams.has("hold");
  opened++;
  let next = 0, timer = 0;
  const body = new ReadableStream({
    start(controller) {
      const send = () => {
        if (next < count) {
          sent++;
          controller.enqueue(encoder.encode(": no event\\r\\nid: " + ++next + "\\r\\ndata: x\\r\\n\\r\\n"));
        }
        if (next < count) timer = setTimeout(send, ms);
        else if (!holds) controller.close();
      };
      send();
    },
    cancel() {
      clearTimeout(timer);
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
} };
`;

/** What the app has counted. */
export async function countsOf(
  { url }: Pick<Served, "url">,
): Promise<{ readonly opened: number; readonly sent: number }> {
  return await (await fetch(`${url}/count`)).json();
}
