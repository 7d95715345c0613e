/** The global `wrk` of scripts: wrk's table in JavaScript. */
import { PeerError, StartError } from "../../base/errors.ts";
import { acceptsConnections } from "../../net/accepts_connections.ts";
import { resolveHost } from "../../net/resolve.ts";
import type { WrkFields } from "../plan/thread_plan.ts";
import { FieldLines } from "./field_lines.ts";
import { checkDescription } from "./request_shape.ts";
import { RequestText } from "./request_text.ts";
import { Snapshot } from "./snapshot.ts";

const noFields = {};

/** Members of the global object that a script need not define. */
export const wrkNames: readonly string[] = [
  ...["scheme", "host", "port", "method", "path", "headers", "body", "thread"],
  ...["format", "request", "init", "lookup", "connect"],
];

/** What requests are made of. */
type WrkParts = Pick<Wrk, "host" | "port" | "method" | "path" | "body"> & {
  /** null: they are not known to stay the same. */
  readonly fields: Snapshot | null;
};

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
  readonly #made = new RequestText();
  readonly #formatLines = new FieldLines();
  readonly #describeLines = new FieldLines();
  #last: WrkParts;
  #revision = 0;
  #authorityHost = "";
  #authorityPort: number | null = null;
  #authorityText = "";
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
    const { host, port, method, path, body } = this;
    this.#last = { host, port, method, path, body, fields: null };
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
  ): string | Uint8Array => {
    this.#formatLines.update(null, headers ?? this.headers, this.#authority());
    return this.#make(method, path, this.#formatLines, body);
  };

  #make(
    method: unknown,
    path: unknown,
    lines: FieldLines,
    body: unknown,
  ): string | Uint8Array {
    return this.#made.make(method ?? this.method, path ?? this.path, lines, body ?? this.body);
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

  /** What is known of the request that `format` or `describe` made last. */
  get made(): RequestText {
    return this.#made;
  }

  /** A request from its parts; fields of `wrk.headers` are added. Throws `TypeError`. */
  describe(request: unknown): string | Uint8Array {
    checkDescription(request);
    this.#describeLines.update(this.headers, request["headers"], this.#authority());
    return this.#make(request["method"], request["path"], this.#describeLines, request["body"]);
  }

  /** Another number after each change of what `describe` takes from here. */
  get revision(): number {
    const { host, port, method, path, body, headers } = this;
    const last = this.#last;
    if (
      host !== last.host || port !== last.port || method !== last.method || path !== last.path ||
      body !== last.body || !last.fields?.matches(headers ?? noFields)
    ) {
      const fields = Snapshot.ofValues(headers ?? noFields);
      this.#last = { host, port, method, path, body, fields };
      this.#revision++;
    }
    return this.#revision;
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

  /** The value of Host. */
  #authority(): string {
    if (this.host !== this.#authorityHost || this.port !== this.#authorityPort) {
      this.#authorityHost = this.host;
      this.#authorityPort = this.port;
      const host = this.host.includes(":") ? `[${this.host}]` : this.host;
      this.#authorityText = this.port === null ? host : `${host}:${this.port}`;
    }
    return this.#authorityText;
  }
}
