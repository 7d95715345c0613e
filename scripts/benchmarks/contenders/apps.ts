/** Apps that are the same text under hayate serve, Deno.serve and Bun.serve. */
import type { ServerSpec } from "../comparison.ts";
import { hayateAppOf } from "./hayate.ts";
import { bunAppOf, denoAppOf } from "./javascript.ts";

/** Goals for our requests per CPU-second beside each of them. */
const denoGoal = 1.3;
const bunGoal = 1;

/** Under each of the three. `bunOptions`: the handlers of `Bun.serve`, where they differ. */
export function everywhere(app: string, bunOptions?: string): readonly ServerSpec[] {
  const files = { "app.js": app };
  return [
    hayateAppOf(files),
    { ...bunAppOf(files, bunOptions), goal: bunGoal },
    { ...denoAppOf(files), goal: denoGoal },
  ];
}

const resources = ["articles", "authors", "tags", "orders", "users", "carts", "files"];

/** Three routes for each of seven resources, a middleware, and an answer made of what was asked. */
export const honoApp: string = `import { Hono } from "hono";

const app = new Hono();
app.use(async (c, next) => {
  await next();
  c.header("x-served-for", c.req.header("user-agent").slice(0, 7));
});
for (const name of ${JSON.stringify(resources)}) {
  app.get(\`/\${name}\`, (c) => c.json({ name, page: c.req.query("page") }));
  app.get(\`/\${name}/:id\`, (c) => c.json({ name, id: c.req.param("id") }));
  app.get(\`/\${name}/:id/comments\`, (c) => {
    const { page, sort } = c.req.query();
    return c.json({ name, id: c.req.param("id"), page: Number(page), sort });
  });
}
export default app;
`;

/** Reads an order, changes it and sends it back. */
export const jsonApp = `export default {
  async fetch(request) {
    const order = await request.json();
    order.total = order.items.reduce((sum, { price, count }) => sum + price * count, 0);
    order.state = "accepted";
    return Response.json(order, { status: 201 });
  },
};
`;

/** Sends an event of 64 bytes to all clients, so many times a second. */
export function eventsApp(perSecond: number): string {
  return `const clients = new Set();
const encoder = new TextEncoder();
let number = 0;
setInterval(() => {
  const price = (100 + number++ % 900) / 8;
  const event = encoder.encode(\`data: {"symbol":"ABCD","price":\${price},"at":1764550000000}\\n\\n\`);
  for (const client of clients) client.enqueue(event);
}, ${1000 / perSecond});
const headers = { "content-type": "text/event-stream", "cache-control": "no-cache" };
export default {
  fetch() {
    let own;
    const body = new ReadableStream({
      start(controller) {
        own = controller;
        clients.add(own);
        own.enqueue(encoder.encode(": welcome\\n\\n"));
      },
      cancel() {
        clients.delete(own);
      },
    });
    return new Response(body, { headers });
  },
};
`;
}

/** Counts a body as it comes, chunk by chunk; 400 if it is not as long as announced. */
export const uploadApp = `export default {
  async fetch(request) {
    let bytes = 0;
    for await (const chunk of request.body) bytes += chunk.length;
    const isWhole = bytes === Number(request.headers.get("content-length"));
    return new Response(\`\${bytes} bytes\\n\`, { status: isWhole ? 200 : 400 });
  },
};
`;

/** Sends each message back. */
export const echoApp = `export default {
  fetch(request) {
    const { response, socket } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  },
};
`;
/** The same for Bun, which has no `Deno.upgradeWebSocket`. */
export const bunEcho = `{
  fetch: (request, server) => {
    if (!server.upgrade(request)) return new Response("WebSockets only", { status: 400 });
  },
  websocket: { message(socket, data) { socket.send(data); } },
}`;
