/** The global `wrk` of scripts: wrk's table in JavaScript. */
import { PeerError, StartError } from "../../base/errors.ts";
import { acceptsConnections } from "../../net/accepts_connections.ts";
import { resolveHost } from "../../net/resolve.ts";
import type { WrkFields } from "../plan/thread_plan.ts";
import {
  checkDescription,
  mergeFields,
  type Pair,
  readContent,
  readFields,
  readMethod,
  readPath,
} from "./request_shape.ts";

const encoder = new TextEncoder();

/** Methods that are sent with `Content-Length: 0` when they have no body. */
const methodsWithBody = new Set(["POST", "PUT", "PATCH"]);

/** Members of the global object that a script need not define. */
export const wrkNames: readonly string[] = [
  ...["scheme", "host", "port", "method", "path", "headers", "body", "thread"],
  ...["format", "request", "init", "lookup", "connect"],
];

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
  readonly #initialState: string;

  constructor(fields: WrkFields) {
    this.scheme = fields.scheme;
    this.host = fields.host;
    this.port = fields.port;
    this.method = fields.method;
    this.path = fields.path;
    this.headers = { ...fields.headers };
    this.body = fields.body;
    this.#initialState = this.#state();
  }

  /**
   * A request as text, or as bytes when the body is bytes. Omitted parts come from `wrk`.
   * Host and Content-Length are added unless `headers` has them. Throws `TypeError`.
   */
  format = (
    method?: string | null,
    path?: string | null,
    headers?: unknown,
    body?: unknown,
  ): string | Uint8Array => this.#render(method, path, readFields(headers ?? this.headers), body);

  #render(method: unknown, path: unknown, pairs: Pair[], body: unknown): string | Uint8Array {
    const has = (name: string) => pairs.some(([key]) => key.toLowerCase() === name);
    const verb = readMethod(method ?? this.method);
    const target = readPath(path ?? this.path);
    const content = readContent(body ?? this.body);
    if (!has("host")) pairs.push(["Host", this.#authority()]);
    const length = typeof content === "string"
      ? encoder.encode(content).length
      : content?.length ?? (methodsWithBody.has(verb) ? 0 : null);
    if (length !== null && !has("content-length") && !has("transfer-encoding")) {
      pairs.push(["Content-Length", String(length)]);
    }
    let head = `${verb} ${target} HTTP/1.1\r\n`;
    for (const [name, value] of pairs) head += `${name}: ${value}\r\n`;
    head += "\r\n";
    if (content === null) return head;
    return typeof content === "string" ? head + content : join(encoder.encode(head), content);
  }

  /** The request sent when the script has no `request()`; built once. */
  request = (): string | Uint8Array => this.#default ??= this.format();
  readonly #ownRequest = this.request;

  /** wrk's scripts call this in their own `init`; it does nothing here. */
  init = (_args?: readonly string[]): void => {};

  /** The default `init`. */
  get ownInit(): unknown {
    return this.#ownInit;
  }

  readonly #ownInit = this.init;

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

  /** A request from its parts; fields of `wrk.headers` are added. Throws `TypeError`. */
  describe(request: unknown): string | Uint8Array {
    checkDescription(request);
    const pairs = mergeFields(readFields(this.headers), readFields(request["headers"]));
    return this.#render(request["method"], request["path"], pairs, request["body"]);
  }

  /** Whether a script has changed the parts of requests. */
  get isChanged(): boolean {
    return this.#state() !== this.#initialState || this.request !== this.#ownRequest;
  }

  /** Properties added by the script. */
  addedNames(): string[] {
    return Object.keys(this).filter((name) => !wrkNames.includes(name));
  }

  #state(): string {
    const { scheme, host, port, method, path, headers, body } = this;
    const text = body instanceof Uint8Array ? Array.from(body) : body;
    return JSON.stringify([scheme, host, port, method, path, headers, text]);
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
