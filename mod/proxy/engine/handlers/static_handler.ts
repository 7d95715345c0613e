/** `file.dir` and `file.file`: serves a folder or one file through the shared static files. */
import type { PeerError } from "../../../base/errors.ts";
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import type { HeadWriter, RequestHead } from "../../../http/mod.ts";
import { latin1 } from "../../../http/mod.ts";
import { Framing } from "../../../http/mod.ts";
import {
  type FileExchange,
  fileOpener,
  FileTransfer,
  readFileRequest,
  StaticSite,
} from "../../../static/mod.ts";
import type { FileHandlerPlan, FileSettings } from "../../plan/plan.ts";
import type { Router } from "../../routing/router.ts";
import { answer } from "../responses/answers.ts";
import { compress } from "../../../std/compressor.ts";
import { CompressedBody, type CompressionSource } from "../responses/compressed_body.ts";
import {
  compressedFields,
  type Encoding,
  encodingOf,
  levelOf,
  negotiatedFields,
} from "../responses/compression.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import { documentFields, hasDocument } from "../responses/error_documents.ts";
import { followsInside } from "./simple_handlers.ts";
import type { EngineContext } from "../routes/engine_context.ts";
import type { ExchangeState } from "../routes/exchange_state.ts";
import type { Field } from "../fields/field_rules.ts";
import { changeFields } from "../responses/changed_fields.ts";
import type { RoutedRequest } from "../clients/routed_request.ts";
import type { Route, RouteHandler } from "../routes/routes.ts";

/** A small response as the site caches it; its head is written for each request. */
class Rendered {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: Uint8Array;
  readonly #compressed = new Map<string, Uint8Array>();

  constructor(status: number, fields: readonly Field[], body: Uint8Array) {
    this.status = status;
    this.fields = fields;
    this.body = body;
  }

  /** Compressed once, for as long as the site caches the file. */
  compressed(encoding: Encoding, level: number): Uint8Array {
    const key = `${encoding} ${level}`;
    let bytes = this.#compressed.get(key);
    if (bytes === undefined) {
      this.#compressed.set(key, bytes = compress(this.body, encoding, level));
    }
    return bytes;
  }
}

/** Files up to this size are cached in memory by the site. */
const contentBytesMax = 65_536;

export class StaticHandler implements RouteHandler {
  readonly #engine: EngineContext;
  readonly #site: StaticSite<Rendered>;
  /** For `file.file`, its only target; null for `file.dir`. */
  readonly #onlyTarget: string | null;

  constructor(
    engine: EngineContext,
    plan: FileHandlerPlan,
    settings: FileSettings,
    prefix: string,
  ) {
    this.#engine = engine;
    const slash = plan.path.lastIndexOf("/");
    const folder = plan.isFolder
      ? plan.path
      : plan.path.slice(0, slash) || (slash === 0 ? "/" : ".");
    this.#onlyTarget = plan.isFolder ? null : `/${encodeURIComponent(plan.path.slice(slash + 1))}`;
    const types = new Map<string, string>();
    for (const [extension, type] of settings.mimeTypes) {
      types.set(extension, type ?? settings.mimeDefault);
    }
    this.#site = new StaticSite<Rendered>({
      options: {
        root: folder,
        index: settings.indexFiles,
        listing: settings.dirListing,
        handsOn: true,
        filesOnly: !plan.isFolder,
        outsideLinks: true,
        // As in h2o.
        dotFiles: true,
        precompressed: settings.sendCompressed !== "off",
        types,
        defaultType: settings.mimeDefault,
        etag: settings.etag,
        contentBytesMax,
      },
      opener: fileOpener(),
      render: (status, fields, body) =>
        new Rendered(status, fields.map(([name, value]) => ({ name, value })), body),
      prefix: prefix.replace(/\/+$/, ""),
    });
  }

  handle(exchange: Exchange, routed: RoutedRequest, route: Route, router: Router<Route>): boolean {
    const { head } = routed;
    const target = this.#onlyTarget ?? fileTarget(head, route, router);
    const files = new FileExchangeView(exchange, routed, route, this.#engine);
    if (target === null) {
      const location = `${route.prefix}/${latin1(head.bytes, router.queryStart, router.queryEnd)}`;
      files.respond(new Rendered(301, [{ name: "Location", value: location }], new Uint8Array(0)));
      return true;
    }
    const request = readFileRequest(head, target);
    const outcome = this.#site.answer(files, request, this.#engine.reactor.nowMs);
    if (outcome instanceof FileTransfer) {
      files.transfer = outcome;
      if (!files.isCompressing) exchange.context = new FileSending(outcome, files, this.#engine);
    } else if (outcome === 404 || outcome === 400) {
      // Another handler may serve the target, even if no file can have it (h2o passes both on).
      return false;
    } else if (typeof outcome === "number") {
      this.#engine.answerError(exchange, route, outcome, reasons[outcome]);
    }
    return true;
  }
}

const reasons: Readonly<Record<number, string>> = {
  403: "forbidden",
  405: "method not allowed",
};

/** The target below the folder; null: the prefix itself without its trailing slash. */
function fileTarget(head: RequestHead, route: Route, router: Router<Route>): string | null {
  const rest = latin1(router.restBytes, router.restStart, router.restEnd);
  if (rest === "" && !route.prefix.endsWith("/")) return null;
  const path = rest.startsWith("/") ? rest : `/${rest}`;
  return path + latin1(head.bytes, router.queryStart, router.queryEnd);
}

/** The exchange as the site sees it; applies the route's changes and logs the end. */
class FileExchangeView implements FileExchange<Rendered>, CompressionSource {
  readonly exchange: Exchange;
  readonly #engine: EngineContext;
  readonly #request: RoutedRequest;
  readonly #route: Route;
  /** The transfer in progress, once the site has returned it. */
  transfer: FileTransfer<Rendered> | null = null;
  #compressed: CompressedBody | null = null;
  #changes: Field[] | null = null;
  #writer: HeadWriter | null = null;
  /** Status of the response that a document replaces; 0: none. */
  #replacedStatus = 0;

  constructor(exchange: Exchange, request: RoutedRequest, route: Route, engine: EngineContext) {
    this.exchange = exchange;
    this.#request = request;
    this.#route = route;
    this.#engine = engine;
  }

  get isHead(): boolean {
    return this.exchange.isHead;
  }

  canSendFile(length: number): boolean {
    return !this.isCompressing && this.exchange.canSendFile(length);
  }

  get isCompressing(): boolean {
    return this.#compressed !== null;
  }

  sendFile(fd: number, offset: number, length: number): number {
    return this.exchange.sendFile(fd, offset, length);
  }

  respond(rendered: Rendered): void {
    const { status } = rendered;
    const { record } = this.exchange.keptContext as ConnectionFacts;
    let { fields, body } = rendered;
    const location = status === 301 ? fields.find(({ name }) => name === "Location") : undefined;
    if (location !== undefined && this.#followsInside(status, location.value)) return;
    if (this.#route.changesResponses) record?.noteOriginal(status, fields);
    const encoding = encodingOf(this.exchange, this.#route, status, body.length, fields);
    if (encoding !== null) {
      body = rendered.compressed(encoding, levelOf(this.#route.settings.compress!, encoding));
      fields = compressedFields(fields, encoding);
    }
    answer(this.exchange, this.#route, this.#engine.serverFields, status, fields, body);
    this.#engine.logAccess(this.exchange, this.exchange.status, "");
  }

  #followsInside(status: number, location: string): boolean {
    return followsInside(this.exchange, this.#engine, this.#request, status, location);
  }

  beginHead(status: number): { field(name: string, value: string): void } {
    const facts = this.exchange.keptContext as ConnectionFacts;
    if (hasDocument(this.#route, facts, status)) {
      this.#replacedStatus = status;
      const fields: Field[] = [];
      this.#changes = fields;
      return { field: (name, value) => void fields.push({ name, value }) };
    }
    const { errorStatus } = facts;
    const writer = this.exchange.beginHead(errorStatus || status, undefined, false);
    this.#writer = writer;
    if (!this.#route.changesResponses && errorStatus === 0) return writer;
    const changes: Field[] = [];
    this.#changes = changes;
    return { field: (name, value) => void changes.push({ name, value }) };
  }

  endHead(framing: Framing, contentLength: number): void {
    if (this.#replacedStatus !== 0) return;
    const writer = this.#writer!;
    let encoding: Encoding | null = null;
    if (this.#changes !== null) {
      const { status } = this.exchange;
      const facts = this.exchange.keptContext as ConnectionFacts;
      const { errorStatus, record } = facts;
      let fields = errorStatus === 0 ? this.#changes : documentFields(this.#changes, facts);
      record?.noteOriginal(status, fields);
      encoding = encodingOf(this.exchange, this.#route, status, contentLength, fields);
      const { compress: plan, compressBytesMin } = this.#route.settings;
      if (plan !== null) {
        fields = negotiatedFields(fields, encoding, compressBytesMin, status, contentLength);
      }
      for (const { name, value } of changeFields(fields, status, this.#route)) {
        writer.field(name, value);
      }
    }
    this.#engine.serverFields.writeOwn(writer);
    (this.exchange.keptContext as ConnectionFacts).answeredId?.writeLine(writer);
    if (encoding !== null) return this.#beginCompressed(encoding);
    this.exchange.endHead(framing === Framing.eof ? Framing.chunked : framing, contentLength);
  }

  /** Replaces the site's own error response with the document of `error-doc`. */
  #answerDocument(): void {
    const { record } = this.exchange.keptContext as ConnectionFacts;
    const fields = this.#changes!;
    record?.noteOriginal(this.#replacedStatus, fields);
    this.#engine.answerDocument(this.exchange, this.#route, this.#replacedStatus, fields);
  }

  #beginCompressed(encoding: Encoding): void {
    const { exchange } = this;
    exchange.endHead(Framing.chunked);
    if (exchange.isHead) return;
    const level = levelOf(this.#route.settings.compress!, encoding);
    this.#compressed = new CompressedBody(exchange, this.#engine, this, encoding, level);
    exchange.context = this.#compressed;
  }

  /** Returns false while the compressor is full; `resumeResponse` follows. */
  writeBody(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#compressed === null) return this.exchange.writeBody(bytes, start, end);
    this.#compressed.write(bytes, start, end);
    return !this.#compressed.isFull;
  }

  endBody(): void {
    if (this.#replacedStatus !== 0) return this.#answerDocument();
    if (this.#compressed !== null) return this.#compressed.end();
    this.#engine.logAccess(this.exchange, this.exchange.status, "");
    this.exchange.endBody();
  }

  abort(): void {
    this.#engine.logAccess(this.exchange, this.exchange.status, "file was cut short");
    if (this.#compressed !== null) this.#compressed.cut();
    else this.exchange.abort();
  }

  onBody(): void {}
  onBodyEnd(): void {}
  pauseResponse(): void {}

  resumeResponse(): void {
    this.transfer?.pump(this);
  }

  cancelResponse(): void {
    this.transfer?.stop();
  }
}

/** A file being sent at the client's pace. */
class FileSending implements ExchangeState {
  readonly transfer: FileTransfer<Rendered>;
  readonly files: FileExchangeView;
  readonly engine: EngineContext;

  constructor(transfer: FileTransfer<Rendered>, files: FileExchangeView, engine: EngineContext) {
    this.transfer = transfer;
    this.files = files;
    this.engine = engine;
  }

  onBody(): void {}
  onBodyEnd(): void {}

  onDrain(): void {
    this.transfer.pump(this.files);
  }

  onAbort(exchange: Exchange, error: PeerError): void {
    this.transfer.stop();
    this.engine.metrics.clientAborts++;
    this.engine.logAccess(exchange, exchange.status, error.message);
  }
}
