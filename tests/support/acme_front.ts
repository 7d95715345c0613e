/**
 * A server of the tests in front of pebble, for what pebble cannot do: it sees every request, answers
 * some itself and changes answers. URLs of pebble's name the front, as it passes the Host on.
 */
import type { Pebble } from "./pebble.ts";

/** What a request is about, from pebble's path. */
export type AcmeKind =
  | "directory"
  | "nonce"
  | "account"
  | "new order"
  | "order"
  | "authorization"
  | "challenge"
  | "finalize"
  | "certificate"
  | "renewal"
  | "other";

export interface AcmeCall {
  readonly kind: AcmeKind;
  readonly path: string;
  /** The payload of the JWS; null: none, or an empty one. */
  readonly payload: Readonly<Record<string, unknown>> | null;
}

export interface AcmeFrontRules {
  /** Answers in pebble's place; null: pebble is asked. */
  readonly answer?: (call: AcmeCall) => Response | null | Promise<Response | null>;
  /** Changes pebble's answer, of which `text` is the body. */
  readonly change?: (call: AcmeCall, response: Response, text: string) => Response | null;
}

const kinds: readonly (readonly [RegExp, AcmeKind])[] = [
  [/^\/dir$/, "directory"],
  [/^\/nonce-plz/, "nonce"],
  [/^\/sign-me-up/, "account"],
  [/^\/order-plz/, "new order"],
  [/^\/my-order\//, "order"],
  [/^\/authZ\//, "authorization"],
  [/^\/chalZ\//, "challenge"],
  [/^\/finalize-order\//, "finalize"],
  [/^\/certZ\//, "certificate"],
  [/\/renewalInfo/, "renewal"],
];

export class AcmeFront implements AsyncDisposable {
  /** Every request, in order. */
  readonly calls: AcmeCall[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(server: Deno.HttpServer<Deno.NetAddr>, calls: AcmeCall[]) {
    this.#server = server;
    this.calls = calls;
  }

  /** `port` 0: a free one. It has pebble's certificate, so that `pebble.caFile` is for both. */
  static async start(pebble: Pebble, rules: AcmeFrontRules, port = 0): Promise<AcmeFront> {
    const calls: AcmeCall[] = [];
    const cert = await Deno.readTextFile(pebble.caFile);
    const server = Deno.serve({
      hostname: "127.0.0.1",
      port,
      cert,
      key: await Deno.readTextFile(pebble.keyFile),
      onListen: () => {},
    }, async (request) => {
      const body = await request.text();
      const call = callOf(new URL(request.url).pathname, body);
      calls.push(call);
      const own = await rules.answer?.(call) ?? null;
      if (own !== null) return own;
      const { response, text } = await ask(pebble, cert, request, body);
      return rules.change?.(call, response, text) ?? response;
    });
    return new AcmeFront(server, calls);
  }

  get directory(): string {
    return `${this.url}/dir`;
  }

  get url(): string {
    return `https://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The payloads of all requests of a kind. */
  payloadsOf(kind: AcmeKind): readonly AcmeCall["payload"][] {
    return this.calls.filter((call) => call.kind === kind).map(({ payload }) => payload);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** A problem document (RFC 8555 6.7). */
export function problem(
  status: number,
  type: string,
  detail: string,
  headers: Record<string, string> = {},
): Response {
  const body = { type: `urn:ietf:params:acme:error:${type}`, detail, status };
  return Response.json(body, {
    status,
    headers: { ...headers, "Content-Type": "application/problem+json" },
  });
}

/** The answer with other members in its JSON. */
export function withMembers(
  response: Response,
  text: string,
  members: Readonly<Record<string, unknown>>,
): Response {
  const { status, headers } = response;
  return new Response(JSON.stringify({ ...JSON.parse(text), ...members }), { status, headers });
}

function callOf(path: string, body: string): AcmeCall {
  const kind = kinds.find(([form]) => form.test(path))?.[1] ?? "other";
  const payload = body === "" ? "" : String(JSON.parse(body).payload);
  const bytes = Uint8Array.fromBase64(payload, { alphabet: "base64url" });
  return { kind, path, payload: payload === "" ? null : JSON.parse(decoder.decode(bytes)) };
}

const decoder = new TextDecoder();

/** One exchange by HTTP/1.0, whose body ends with the connection. `fetch` sets Host itself. */
async function ask(
  pebble: Pebble,
  authority: string,
  request: Request,
  body: string,
): Promise<{ response: Response; text: string }> {
  const { port } = new URL(pebble.directory);
  const conn = await Deno.connectTls({
    hostname: "127.0.0.1",
    port: Number(port),
    caCerts: [authority],
  });
  const { pathname, host } = new URL(request.url);
  const bytes = new TextEncoder().encode(body);
  const head = `${request.method} ${pathname} HTTP/1.0\r\nHost: ${host}\r\n` +
    `User-Agent: ${request.headers.get("user-agent")}\r\n` +
    `Content-Type: application/jose+json\r\nContent-Length: ${bytes.length}\r\n\r\n`;
  let answer: string;
  try {
    await writeAll(conn, new TextEncoder().encode(head));
    await writeAll(conn, bytes);
    answer = await readToEnd(conn);
  } finally {
    conn.close();
  }
  const end = answer.indexOf("\r\n\r\n");
  const [statusLine, ...lines] = answer.slice(0, end).split("\r\n");
  const headers = new Headers();
  for (const line of lines) {
    const [name, value] = [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)];
    if (!/^(content-length|connection|transfer-encoding)$/i.test(name)) headers.append(name, value);
  }
  const text = answer.slice(end + 4);
  const status = Number(statusLine.split(" ")[1]);
  const content = request.method === "HEAD" || status === 204 ? null : text;
  return { response: new Response(content, { status, headers }), text };
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

async function readToEnd(conn: Deno.Conn): Promise<string> {
  const chunk = new Uint8Array(65_536);
  const decoder = new TextDecoder();
  let text = "";
  for (let count = await conn.read(chunk); count !== null; count = await conn.read(chunk)) {
    text += decoder.decode(chunk.subarray(0, count), { stream: true });
  }
  return text + decoder.decode();
}
