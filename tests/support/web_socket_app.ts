/** An app of WebSockets for `hayate serve`, which counts what it has got. */
import type { Served } from "./serve.ts";

/**
 * /: echoes. /mute: answers nothing. /push: sends "pushed" before each echo. /feed: sends five messages
 * when it opens. /close: closes with 4001 at the first message. /count: the counts.
 */
export const webSocketApp = `
const counts = { opened: 0, messages: 0, texts: 0, bytes: 0, closes: {} };
export default { fetch(request) {
  const { pathname } = new URL(request.url);
  if (pathname === "/count") return Response.json(counts);
  if (request.headers.get("upgrade") !== "websocket") return new Response("no", { status: 426 });
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = "arraybuffer";
  counts.opened++;
  socket.onopen = () => {
    for (let i = 0; i < (pathname === "/feed" ? 5 : 0); i++) socket.send("feed " + i);
  };
  socket.onmessage = ({ data }) => {
    counts.messages++;
    if (typeof data === "string") counts.texts++;
    counts.bytes += data.length ?? data.byteLength;
    if (pathname === "/close") return socket.close(4001);
    if (pathname === "/push") socket.send("pushed");
    if (pathname !== "/mute") socket.send(data);
  };
  socket.onclose = ({ code }) => counts.closes[code] = (counts.closes[code] ?? 0) + 1;
  return response;
} };
`;

export interface WebSocketCounts {
  readonly opened: number;
  readonly messages: number;
  readonly texts: number;
  readonly bytes: number;
  readonly closes: Readonly<Record<string, number>>;
}

/** What the app has counted. */
export async function webSocketCounts({ url }: Pick<Served, "url">): Promise<WebSocketCounts> {
  return await (await fetch(`${url}/count`)).json();
}
