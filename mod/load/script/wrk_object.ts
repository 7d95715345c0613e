/** The global `wrk` of scripts: wrk's table in JavaScript. */
import { PeerError, StartError } from "../../base/errors.ts";
import { acceptsConnections } from "../../net/portable/acceptance.ts";
import { resolveHost } from "../../net/resolve.ts";
import { headerFault, isMethod } from "../request_bytes.ts";
import type { WrkFields } from "../thread_plan.ts";
import type { RequestDescription } from "./hooks.ts";

const encoder = new TextEncoder();

/** Methods that are sent with `Content-Length: 0` when they have no body. */
const methodsWithBody = new Set(["POST", "PUT", "PATCH"]);

export class Wrk {
  scheme: string;
  host: string;
  port: number | null;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Uint8Array | null;
  /** The thread that the script runs in; null in the main thread. */
  thread: unknown = null;
  #default: string | Uint8Array | null = null;

  constructor(fields: WrkFields) {
    this.scheme = fields.scheme;
    this.host = fields.host;
    this.port = fields.port;
    this.method = fields.method;
    this.path = fields.path;
    this.headers = { ...fields.headers };
    this.body = fields.body;
  }

  /**
   * A request as text, or as bytes when the body is bytes. What is left out comes from `wrk`.
   * Host and Content-Length are added unless `headers` has them.
   */
  format = (
    method?: string | null,
    path?: string | null,
    headers?: Readonly<Record<string, string>> | null,
    body?: string | Uint8Array | null,
  ): string | Uint8Array => {
    const fields = { ...(headers ?? this.headers) };
    const has = (name: string) => Object.keys(fields).some((key) => key.toLowerCase() === name);
    const verb = method ?? this.method;
    const target = path ?? this.path;
    const content = body ?? this.body;
    if (!isMethod(verb)) throw new TypeError(`${JSON.stringify(verb)} is no HTTP method`);
    if (/[\x00-\x20\x7f]/.test(target)) {
      throw new TypeError(`the path ${JSON.stringify(target)} has blanks or control characters`);
    }
    if (!has("host")) fields["Host"] = this.#authority();
    const length = typeof content === "string"
      ? encoder.encode(content).length
      : content?.length ?? (methodsWithBody.has(verb) ? 0 : null);
    if (length !== null && !has("content-length") && !has("transfer-encoding")) {
      fields["Content-Length"] = String(length);
    }
    let head = `${verb} ${target} HTTP/1.1\r\n`;
    for (const [name, value] of Object.entries(fields)) {
      const fault = headerFault(name, String(value));
      if (fault !== null) throw new TypeError(`header ${JSON.stringify(name)}: ${fault}`);
      head += `${name}: ${value}\r\n`;
    }
    head += "\r\n";
    if (content === null) return head;
    return typeof content === "string" ? head + content : join(encoder.encode(head), content);
  };

  /** The request that is sent without a `request()` of the script's; made once. */
  request = (): string | Uint8Array => this.#default ??= this.format();

  /** The addresses of a name, as `ip:port`; `service` is a port. */
  lookup = async (host: string, service: string | number): Promise<string[]> => {
    const found = await resolveHost(host);
    if (found instanceof PeerError) throw new StartError(found.message);
    return found.map((ip) => ip.includes(":") ? `[${ip}]:${service}` : `${ip}:${service}`);
  };

  /** Whether something accepts connections at `ip:port`. */
  connect = async (address: string): Promise<boolean> => {
    const { hostname, port } = new URL(`http://${address}`);
    const host = hostname.replace(/^\[|\]$/g, "");
    return await acceptsConnections({ kind: "tcp", host, port: Number(port || 80) });
  };

  /** Fields of `wrk.headers` that a request from a description gets. */
  describe(request: RequestDescription): string | Uint8Array {
    const headers = { ...this.headers, ...request.headers };
    return this.format(request.method, request.path, headers, request.body);
  }

  #authority(): string {
    const host = this.host.includes(":") ? `[${this.host}]` : this.host;
    return this.port === null ? host : `${host}:${this.port}`;
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
