/** An upstream's response on its way to the client: unchanged, or changed and compressed. */
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import type { RequestHead, ResponseHead } from "../../../http/mod.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import type { RequestId } from "../clients/request_id.ts";
import type { EngineContext } from "../routes/engine_context.ts";
import { CompressedBody, type CompressionSource } from "../responses/compressed_body.ts";
import { levelOf } from "../responses/compression.ts";
import { connectionNames } from "../fields/trailer_lines.ts";
import type { Route } from "../routes/routes.ts";
import type { ProxyRoute } from "./proxy_route.ts";
import { KeptAuthority } from "./kept_authority.ts";
import { type ClientOrigin, forwardResponseHead } from "./response_forwarding.ts";
import type { Session } from "./sticky.ts";

/** Reused for each exchange. */
export class ForwardedAnswer implements ClientOrigin {
  /** The client's session with a peer; null without `sticky`. */
  session: Session | null = null;
  /** The body being compressed; null if it is forwarded unchanged. */
  compressed: CompressedBody | null = null;
  /** Names that the upstream's Connection lists. */
  hopByHop: ReadonlySet<string> = new Set();
  readonly #engine: EngineContext;
  readonly #authority = new KeptAuthority();
  #facts: ConnectionFacts | null = null;
  /** The client's Accept-Encoding where responses may be compressed, otherwise "". */
  #acceptEncoding = "";

  constructor(engine: EngineContext) {
    this.#engine = engine;
  }

  /** Copies what the response depends on from the request; `head` is not kept. */
  begin(
    exchange: Exchange,
    head: RequestHead,
    route: Route,
    facts: ConnectionFacts,
    session: Session | null,
  ): void {
    this.#facts = facts;
    this.session = session;
    const mayCompress = route.settings.compress !== null && exchange.canStream;
    this.#acceptEncoding = mayCompress ? head.field("accept-encoding") ?? "" : "";
    this.#authority.keep(head);
  }

  get answeredId(): RequestId | null {
    return this.#facts!.answeredId;
  }

  /** `scheme://authority`, as the client addressed us. */
  originText(): string {
    return `${this.#facts!.scheme}://${this.#authority.text()}`;
  }

  /** Sends the head. With compression, `CompressedBody` passes events of `exchange` to `source`. */
  sendHead(
    exchange: Exchange,
    source: CompressionSource,
    head: ResponseHead,
    route: Route,
    proxy: ProxyRoute,
  ): void {
    const { serverFields } = this.#engine;
    this.hopByHop = connectionNames(head);
    const accepted = this.#acceptEncoding;
    const encoding = forwardResponseHead(
      exchange,
      this,
      head,
      route,
      proxy,
      serverFields,
      accepted,
    );
    if (encoding === null) return;
    const level = levelOf(route.settings.compress!, encoding);
    exchange.context = this.compressed = new CompressedBody(
      exchange,
      this.#engine,
      source,
      encoding,
      level,
    );
  }

  /** Returns false if the client is slow and the upstream must wait. */
  writeBody(
    exchange: Exchange,
    bytes: Uint8Array,
    start: number,
    end: number,
    trailersMayFollow: boolean,
  ): boolean {
    if (this.compressed === null) return exchange.writeBody(bytes, start, end, trailersMayFollow);
    // The compressor pauses its source itself.
    this.compressed.write(bytes, start, end);
    return true;
  }

  /** Forgets the exchange; a body that is being compressed continues on its own. */
  clear(): void {
    this.compressed = this.#facts = this.session = null;
  }
}
